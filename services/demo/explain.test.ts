import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { explain } from "./explain.ts";

test("a port that speaks gRPC alone is told apart from a gateway", async () => {
  await using server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1" });
  const error = await createClient(CourseService, transport)
    .listCourses({})
    .catch((error: unknown) => error);
  expect(explain(error, url)).toBe(
    `What answers at ${url} is another part of Cadre, or none: compare the addresses that npm start prints.`,
  );
});
