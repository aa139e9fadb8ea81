import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { createGrpcServer } from "./grpc-server.ts";
import { createGrpcTransport, type GrpcTransport } from "./grpc-transport.ts";
import type { Http2Server } from "./http2-server.ts";

import { testService } from "./testing/test-service.ts";

const PER_CONNECTION = 3;

let server: Http2Server;
let transport: GrpcTransport;
beforeAll(async () => {
  server = createGrpcServer({ services: [testService], maxStreamsPerConnection: PER_CONNECTION });
  transport = createGrpcTransport({ address: `127.0.0.1:${await server.listen("127.0.0.1", 0)}` });
});
afterAll(async () => {
  transport.close();
  await server.stop(0);
});

test("as many streams as a connection carries leave room for unary calls", async () => {
  const client = createClient(TestService, transport);
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  async function* requests() {
    yield { responseParameters: [{ size: 1 }] };
    await over;
  }
  const streams = Array.from({ length: PER_CONNECTION }, () =>
    client.fullDuplexCall(requests())[Symbol.asyncIterator](),
  );
  for (const stream of streams) await stream.next();

  await client.emptyCall({}, { timeoutMs: 2000 });

  finish();
  for (const stream of streams) expect(await stream.next()).toMatchObject({ done: true });
});
