import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { testService } from "../runtime/testing/test-service.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const UNARY = "/grpc.testing.TestService/UnaryCall";
const ANSWER = '{"payload":{}}';
const PATIENT = { withinMs: 60_000, bodies: { inAll: 100, ofAddress: 100 }, bytes: { inAll: 1e8, ofAddress: 1e8 } };

let gateway: TestGateway;
let session: ClientHttp2Session;
let address: string;
beforeEach(() => {
  address = "198.51.100.7";
});
afterEach(async () => {
  session.destroy();
  await gateway.stop(0);
});

async function start(bodies: Partial<typeof PATIENT>): Promise<void> {
  gateway = await startTestGateway(testService, { bodies: { ...PATIENT, ...bodies }, addressOf: () => address });
  session = connect(gateway.url);
  session.on("error", () => undefined); // The gateway ends first.
}

/** A call whose body begins with these bytes, and does not end. */
function begin(bytes: Uint8Array, type = "application/json"): ClientHttp2Stream {
  const call = session.request({ ":method": "POST", ":path": UNARY, "content-type": type, te: "trailers" });
  call.on("error", () => undefined);
  call.write(bytes);
  return call;
}

test("over HTTP/2, half a body is waited for as long as it may take, and its stream is closed after the answer", async () => {
  await start({ withinMs: 50 });
  const call = begin(Buffer.from("{"));
  expect(JSON.parse(await text(call))).toMatchObject({ code: "deadline_exceeded" });
  if (!call.closed) await once(call, "close");

  const grpc = begin(Buffer.from([0, 0, 0, 0, 9, 1]), "application/grpc");
  const trailers = once(grpc, "trailers");
  grpc.resume();
  expect((await trailers)[0]).toMatchObject({ "grpc-status": "4" });
  if (!grpc.closed) await once(grpc, "close");
});

test("over HTTP/1.1, too, and the connection is closed", async () => {
  await start({ withinMs: 50 });
  const call = httpRequest(gateway.url + UNARY, { method: "POST", headers: { "content-type": "application/json" } });
  call.on("error", () => undefined);
  call.write("{");
  const [response] = (await once(call, "response")) as [IncomingMessage];
  expect(JSON.parse(await text(response))).toMatchObject({ code: "deadline_exceeded" });
  expect(response.headers.connection).toBe("close");
});

test("a stream of requests may last", async () => {
  await start({ withinMs: 50 });
  const path = "/grpc.testing.TestService/StreamingInputCall";
  const call = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const status = once(call, "trailers");
  call.resume().write(Buffer.alloc(5));
  // One that may not last ends after as long.
  await text(begin(Buffer.from("{")));
  call.end(Buffer.alloc(5));
  expect((await status)[0]).toMatchObject({ "grpc-status": "0" });
});

test("a stream of requests is closed when its call has ended", async () => {
  await start({});
  const path = "/grpc.testing.TestService/StreamingInputCall";
  const header = { "content-type": "application/grpc", "grpc-timeout": "50m", te: "trailers" };
  const call = session.request({ ":method": "POST", ":path": path, ...header });
  const status = once(call, "trailers");
  call.resume().write(Buffer.alloc(5));
  expect((await status)[0]).toMatchObject({ "grpc-status": "4" });
  if (!call.closed) await once(call, "close");
});

test.each([
  ["too many bodies", { bodies: { inAll: 100, ofAddress: 3 } }],
  ["too many bytes", { bytes: { inAll: 1e8, ofAddress: 3500 } }],
])("of one address %s are refused at once, and those of another are read", async (_, bounds) => {
  await start(bounds);
  const calls = Array.from({ length: 4 }, () => begin(Buffer.alloc(1000, " ")));
  const answers = calls.map((call, index) => text(call).then((body) => ({ body, index })));
  const { body, index } = await Promise.race(answers);
  expect(JSON.parse(body)).toMatchObject({
    code: "resource_exhausted",
    details: [{ debug: { reason: "OVERLOADED" } }, {}],
  });

  address = "203.0.113.9";
  const other = begin(Buffer.alloc(1000, " "));
  other.end("{}");
  expect(await text(other)).toBe(ANSWER);
  for (const [at, call] of calls.entries()) if (at !== index) call.end("{}");
  for (const answer of answers) if ((await answer).index !== index) expect((await answer).body).toBe(ANSWER);
});

test("what has been read makes room", async () => {
  await start({ bodies: { inAll: 1, ofAddress: 1 }, bytes: { inAll: 1500, ofAddress: 1500 } });
  for (let round = 0; round < 3; round++) {
    const call = begin(Buffer.alloc(1000, " "));
    call.end("{}");
    expect(await text(call)).toBe(ANSWER);
  }
});
