import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { needingAny } from "../runtime/readiness.ts";
import { testService } from "../runtime/testing/test-service.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const UNARY = "/grpc.testing.TestService/UnaryCall";
const STREAM = "/grpc.testing.TestService/StreamingOutputCall";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(testService);
});
afterAll(() => gateway.stop(1000));

async function post(path: string, type: string, body: Uint8Array<ArrayBuffer> | string) {
  const response = await fetch(gateway.url + path, { method: "POST", headers: { "content-type": type }, body });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Speaks to the port byte by byte, as no client library does. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(gateway.port, "127.0.0.1");
  socket.write(bytes);
  return text(socket);
}

/** A field that claims more bytes than follow. */
const broken = new Uint8Array([0x1a, 0x7f, 0x00]);
const enveloped = (message: Uint8Array) =>
  new Uint8Array([0, 0, 0, message.length >> 8, message.length & 255, ...message]);

test("curl's JSON is answered with JSON", async () => {
  const { status, body } = await post(UNARY, "application/json", '{"responseSize": 3}');
  expect({ status, body: JSON.parse(body) }).toEqual({ status: 200, body: { payload: { body: "AAAA" } } });
});

test.each([
  ["a field", '{"responseSiez": 3}', "responseSiez"],
  ["an enum's value", '{"responseType": "COMPRESSED"}', "COMPRESSED"],
])("%s that there is not is refused by its name", async (_, json, name) => {
  const { status, body } = await post(UNARY, "application/json", json);
  expect({ status, body: JSON.parse(body) }).toMatchObject({
    status: 400,
    body: { code: "invalid_argument", message: expect.stringContaining(name) },
  });
});

test.each([
  ["UnaryCall", "POST", "text/plain", 415, "this call takes content-type application/json or application/proto"],
  ["UnaryCall", "PUT", "application/json", 405, "a call is a POST"],
  [
    "StreamingOutputCall",
    "POST",
    "application/json",
    415,
    "this call is a stream, and takes content-type application/connect+json",
  ],
])("%s by %s of %s is told how it is called", async (method, verb, type, status, words) => {
  const response = await fetch(`${gateway.url}/grpc.testing.TestService/${method}`, {
    method: verb,
    headers: { "content-type": type },
    body: "{}",
  });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code: "invalid_argument", message: expect.stringContaining(words) });
});

test("health and readiness are there for whoever asks in plain HTTP", async () => {
  const health = await fetch(`${gateway.url}/health`);
  const ready = await fetch(`${gateway.url}/ready?verbose`);
  expect([health.status, ready.status]).toEqual([200, 200]);
  expect(await ready.json()).toMatchObject({ dependencies: { test: "ok" } });
  expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404);
});

test("however often /ready is asked, the backends are asked once", async () => {
  let asked = 0;
  const ready = async () => {
    asked += 1;
    return needingAny({ test: "ok" });
  };
  const counting = await startTestGateway(testService, { ready });
  await Promise.all(Array.from({ length: 30 }, async () => (await fetch(`${counting.url}/ready`)).text()));
  await counting.stop(1000);
  expect(asked).toBe(1);
});

test("a gateway that leaves says so to whoever asks, and with its answers over HTTP/1.1, and goes on answering", async () => {
  const leaving = await startTestGateway(testService);
  const call = () =>
    fetch(leaving.url + UNARY, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  expect((await call()).headers.get("connection")).toBe("keep-alive");
  leaving.leave();
  const answer = await call();
  expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
  expect((await fetch(`${leaving.url}/ready`)).status).toBe(503);
  await leaving.stop(1000);
});

test("a browser's page may call from an origin on the list, and from no other", async () => {
  const preflight = (origin: string) =>
    fetch(gateway.url + UNARY, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,connect-protocol-version",
      },
    });
  const friend = await preflight("https://console.example");
  expect(friend.status).toBe(204);
  expect(friend.headers.get("access-control-allow-origin")).toBe("https://console.example");
  expect(friend.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("connect-protocol-version");
  expect(friend.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
  const answer = await fetch(gateway.url + UNARY, { method: "POST", headers: { origin: "https://console.example" } });
  const exposed = answer.headers.get("access-control-expose-headers")?.toLowerCase().split(",");
  expect(exposed).toEqual(expect.arrayContaining(["grpc-status", "grpc-message", "cadre-trace-id"]));
  expect((await preflight("https://stranger.example")).headers.get("access-control-allow-origin")).toBeNull();
});

test("what does not decode is the caller's fault, in every protocol", async () => {
  const unary = await post(UNARY, "application/proto", broken);
  expect(JSON.parse(unary.body)).toMatchObject({ code: "invalid_argument" });
  expect(JSON.parse((await post(UNARY, "application/json", "{")).body)).toMatchObject({ code: "invalid_argument" });

  const stream = await post(STREAM, "application/connect+proto", enveloped(broken));
  expect(stream.body).toContain('"code":"invalid_argument"');

  for (const path of [UNARY, STREAM]) {
    const web = await post(path, "application/grpc-web+proto", enveloped(broken));
    expect(`${web.headers.get("grpc-status")} ${web.body}`).toMatch(/^3 |grpc-status: 3/);
  }
});

test("a header that is not ASCII does no harm, unless the call would happen at another time", async () => {
  const call = (header: Record<string, string>) =>
    fetch(gateway.url + UNARY, {
      method: "POST",
      headers: { "content-type": "application/json", ...header },
      body: "{}",
    });
  expect((await call({ tracestate: "\u00e9", traceparent: "\u00e9", authorization: "\u00e9" })).status).toBe(200);
  const refused = await call({ "cadre-time": "\u00e9" });
  expect(await refused.json()).toMatchObject({
    code: "invalid_argument",
    message: expect.stringContaining("cadre-time"),
  });
});

test("a compressed message without a word of how is INTERNAL, as gRPC demands", async () => {
  const compressed = enveloped(new Uint8Array());
  compressed[0] = 1;
  const web = await post(UNARY, "application/grpc-web+proto", compressed);
  expect(`${web.headers.get("grpc-status")} ${web.body}`).toMatch(/^13 |grpc-status: 13/);
});

test.each([
  ["gzip", gzipSync, gunzipSync],
  ["br", brotliCompressSync, brotliDecompressSync],
])("whoever speaks %s is answered in it", async (encoding, compress, decompress) => {
  const asking = request(gateway.url + UNARY, {
    method: "POST",
    headers: { "content-type": "application/json", "content-encoding": encoding, "accept-encoding": encoding },
  });
  asking.end(compress('{"responseSize": 100000}'));
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const body = await buffer(response);
  expect(response.headers["content-encoding"]).toBe(encoding);
  expect(body.length).toBeLessThan(10_000);
  expect(JSON.parse(decompress(body).toString()).payload.body).toHaveLength(133_336);
});

test("a message over 1 MiB is refused", async () => {
  const { body } = await post(UNARY, "application/proto", new Uint8Array(1024 * 1024 + 1));
  expect(JSON.parse(body)).toMatchObject({ code: "resource_exhausted" });
});

test("a request whose host makes no URL is refused, and nobody else notices", async () => {
  expect(await raw(`POST ${UNARY} HTTP/1.0\r\ncontent-type: application/json\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /);
  expect(await raw(`POST ${UNARY} HTTP/1.1\r\nhost: [\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /);
  expect(await raw("GET // HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 404 /);
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
});

test("one who asks for more than a minute is told the limit", async () => {
  const client = createClient(TestService, gateway.transports.grpc);
  const error = await client.emptyCall({}, { timeoutMs: 61_000 }).catch(ConnectError.from);
  expect(error).toMatchObject({ rawMessage: expect.stringContaining("60000") });
});
