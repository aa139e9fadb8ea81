import { setImmediate as turn } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { createGrpcServer } from "./grpc-server.ts";
import { createGrpcTransport, type GrpcTransport } from "./grpc-transport.ts";
import type { Http2Server } from "./http2-server.ts";
import { implement } from "./implement.ts";

import { testImpl } from "./testing/test-service.ts";

/** Node by itself closes a connection after 1,000 and then 33 a second. */
const LEAVING = 2000;
const AT_ONCE = 10;

let server: Http2Server;
let transport: GrpcTransport;
beforeAll(async () => {
  const waits = implement(TestService, {
    ...testImpl,
    unaryCall: (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  server = createGrpcServer({ services: [waits] });
  transport = createGrpcTransport({ address: `127.0.0.1:${await server.listen("127.0.0.1", 0)}` });
});
afterAll(async () => {
  transport.close();
  await server.stop(0);
});

test("callers who leave, thousands of them, do not take the others' connection with them", async () => {
  const client = createClient(TestService, transport);
  const stays = new AbortController();
  const staying = client.unaryCall({}, { signal: stays.signal }).catch(ConnectError.from);
  for (let left = 0; left < LEAVING; left += AT_ONCE) {
    const leave = new AbortController();
    const calls = Array.from({ length: AT_ONCE }, () =>
      client.unaryCall({}, { signal: leave.signal }).catch(ConnectError.from),
    );
    for (let turns = 0; turns < 5; turns += 1) await turn();
    leave.abort();
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: Code.Canceled });
    await client.emptyCall({});
  }
  stays.abort();
  expect(await staying).toMatchObject({ code: Code.Canceled });
}, 60_000);
