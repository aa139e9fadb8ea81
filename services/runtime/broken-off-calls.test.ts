import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterEach, expect, test } from "@jest/globals";
import { StreamingOutputCallRequestSchema } from "../../gen/grpc/testing/messages_pb.ts";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { encodeMessage } from "./encoded-message.ts";
import { createGrpcServer } from "./grpc-server.ts";
import type { Http2Server } from "./http2-server.ts";
import { implement } from "./implement.ts";
import { framed } from "./message-frames.ts";
import { testImpl } from "./testing/test-service.ts";

const MESSAGE = Buffer.concat(
  framed(encodeMessage(StreamingOutputCallRequestSchema, create(StreamingOutputCallRequestSchema, {}))),
);

let server: Http2Server;
let session: ClientHttp2Session;
afterEach(async () => {
  session.destroy();
  await server.stop(0);
});

/** Serves what is given, and opens a call of a streaming method. */
async function call(
  method: "StreamingInputCall" | "FullDuplexCall",
  impl: Partial<typeof testImpl>,
  timeout?: string,
): Promise<ClientHttp2Stream> {
  server = createGrpcServer({ services: [implement(TestService, { ...testImpl, ...impl })] });
  session = connect(`http://127.0.0.1:${await server.listen("127.0.0.1", 0)}`);
  const header = { ":method": "POST", ":path": `/grpc.testing.TestService/${method}`, te: "trailers" };
  const limit = timeout === undefined ? {} : { "grpc-timeout": timeout };
  return session.request({ ...header, "content-type": "application/grpc", ...limit }).resume();
}

test("an upload that its deadline cuts off is not whole to its handler", async () => {
  const read = Promise.withResolvers<string>();
  const upload = await call(
    "StreamingInputCall",
    {
      async streamingInputCall(requests) {
        try {
          for await (const _ of requests);
          read.resolve("all of it");
          return {};
        } catch (error) {
          read.reject(error);
          throw error;
        }
      },
    },
    "100m",
  );
  upload.write(MESSAGE);
  await expect(read.promise).rejects.toMatchObject({ code: Code.DeadlineExceeded });
});

test("a handler that reads no further hears that its caller has left, with whatever code", async () => {
  const reading = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const duplex = await call("FullDuplexCall", {
    async *fullDuplexCall(requests, { signal }) {
      for await (const _ of requests) {
        yield {};
        signal.addEventListener("abort", () => ended.resolve(signal.reason));
        reading.resolve();
        await ended.promise;
        return;
      }
    },
  });
  for (let chunk = 0; chunk < 3; chunk += 1) duplex.write(Buffer.alloc(15_000));
  await reading.promise;
  duplex.close(0);
  expect(await ended.promise).toMatchObject({ code: Code.Canceled });
});
