import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SimpleRequestSchema } from "../../gen/grpc/testing/messages_pb.ts";
import { encodeMessage } from "./encoded-message.ts";
import { createGrpcServer } from "./grpc-server.ts";
import type { Http2Server } from "./http2-server.ts";
import { framed } from "./message-frames.ts";
import { testService } from "./testing/test-service.ts";

const UNARY = "/grpc.testing.TestService/UnaryCall";
const MESSAGE = Buffer.concat(
  framed(encodeMessage(SimpleRequestSchema, create(SimpleRequestSchema, { responseSize: 3 }))),
);

let server: Http2Server;
let session: ClientHttp2Session;
beforeAll(async () => {
  server = createGrpcServer({ services: [testService] });
  session = connect(`http://127.0.0.1:${await server.listen("127.0.0.1", 0)}`);
});
afterAll(async () => {
  session.destroy();
  await server.stop(0);
});

/** Opens a call as no client of gRPC would have to. */
function request(header: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  return session.request(
    { ":method": "POST", ":path": UNARY, "content-type": "application/grpc", te: "trailers", ...header },
    { endStream: false },
  );
}

interface Outcome {
  http: unknown;
  /** NaN without any. */
  grpc: number;
  message: unknown;
  /** What gRPC calls initial metadata. */
  header: OutgoingHttpHeaders;
}

/** What came back, once the server has let go of the stream. */
async function outcome(call: ClientHttp2Stream): Promise<Outcome> {
  const seen: OutgoingHttpHeaders = {};
  call.on("response", (headers) => Object.assign(seen, headers));
  call.on("trailers", (trailers) => Object.assign(seen, trailers));
  call.resume();
  if (!call.closed) await once(call, "close");
  return { http: seen[":status"], grpc: Number(seen["grpc-status"]), message: seen["grpc-message"], header: seen };
}

test("a call whose request never comes ends at its deadline, and its stream with it", async () => {
  const silent = request({ "grpc-timeout": "100m" });
  const half = request({ "grpc-timeout": "100m" });
  half.write(MESSAGE.subarray(0, 3));
  for (const ended of await Promise.all([outcome(silent), outcome(half)])) {
    expect(ended).toMatchObject({ http: 200, grpc: Code.DeadlineExceeded });
  }
});

test.each(["10", "10x", "-1S", "1000000000S", ""])('"%s" is no time', async (timeout) => {
  const call = request({ "grpc-timeout": timeout });
  call.end(MESSAGE);
  const { grpc, message } = await outcome(call);
  expect(grpc).toBe(Code.InvalidArgument);
  expect(decodeURI(String(message))).toBe(`grpc-timeout: "${timeout}" is no time`);
});

test.each(["99999999H", "1H", "1M", "9S", "9000m", "9000000u", "90000000n"])("%s is time enough", async (timeout) => {
  const call = request({ "grpc-timeout": timeout });
  call.end(MESSAGE);
  expect(await outcome(call)).toMatchObject({ http: 200, grpc: 0 });
});

test.each([
  ["no message", Buffer.alloc(0), "the request has no whole message"],
  ["half of one", MESSAGE.subarray(0, -1), "the request has no whole message"],
  ["two", Buffer.concat([MESSAGE, MESSAGE]), "a unary call has one message"],
  ["one and a half", Buffer.concat([MESSAGE, MESSAGE.subarray(0, 6)]), "the request has more than one message"],
])("a unary call with %s is UNIMPLEMENTED", async (_, body, words) => {
  const call = request();
  call.end(body);
  const { grpc, message } = await outcome(call);
  expect(grpc).toBe(Code.Unimplemented);
  expect(decodeURI(String(message))).toContain(words);
});

test("what is no call of gRPC is refused as HTTP does it", async () => {
  const json = request({ "content-type": "application/json" });
  json.end("{}");
  expect(await outcome(json)).toMatchObject({ http: 415, grpc: Number.NaN });
  const get = session.request({ ":method": "GET", ":path": UNARY });
  expect(await outcome(get)).toMatchObject({ http: 405, grpc: Number.NaN });
});

test("a method that is not there is UNIMPLEMENTED, though its request has not ended", async () => {
  const call = request({ ":path": "/grpc.testing.Nowhere/Call" });
  call.write(MESSAGE);
  const { grpc, message } = await outcome(call);
  expect(grpc).toBe(Code.Unimplemented);
  expect(decodeURI(String(message))).toBe("there is no method /grpc.testing.Nowhere/Call here");
});

test("binary metadata comes with padding or without, and once or twice", async () => {
  const call = request({ "x-grpc-test-echo-trailing-bin": ["AAE=", "AQ"], "x-grpc-test-echo-initial": "a" });
  call.end(MESSAGE);
  const { header } = await outcome(call);
  expect(header["x-grpc-test-echo-initial"]).toBe("a");
  expect(String(header["x-grpc-test-echo-trailing-bin"]).replaceAll("=", "")).toBe("AAE, AQ");
});
