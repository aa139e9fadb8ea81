import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { createHttp2Server, type Http2Server, type Http2ServerOptions } from "./http2-server.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0";
/** A connection's window of 1 GiB (WINDOW_UPDATE), the same for a stream (SETTINGS), and GET http://x/ as stream 1. */
const GREEDY = Buffer.from(
  ["000004080000000000", "3fff0000", "000006040000000000", "00043fff0000", "000006010500000001", "828684410178"].join(
    "",
  ),
  "hex",
);

let server: Http2Server | undefined;
afterEach(() => server?.stop(0));

/** A server whose every call waits until it is let go; answers with its address, and what it has been asked. */
async function start(options: Partial<Http2ServerOptions> = {}) {
  const calls: (() => void)[] = [];
  server = createHttp2Server({
    maxStreamsPerConnection: 10,
    onStream: (stream) => {
      stream.on("error", () => undefined);
      calls.push(() => stream.respond({ ":status": 204 }, { endStream: true }));
    },
    ...options,
  });
  return { calls, address: `http://127.0.0.1:${await server.listen("127.0.0.1", 0)}`, server };
}

async function openSession(address: string): Promise<ClientHttp2Session> {
  const session = connect(address);
  session.on("error", () => undefined);
  await once(session, "remoteSettings");
  return session;
}

test("more connections than it takes are closed, and the others stay", async () => {
  const { address } = await start({ maxConnections: 2 });
  const open = await Promise.all([openSession(address), openSession(address)]);
  const refused = connect(address);
  refused.on("error", () => undefined);
  await once(refused, "close");
  expect(open.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  for (const session of open) session.destroy();
});

test("stopping lets a call under way finish, and takes no other", async () => {
  const { address, calls, server } = await start();
  const session = await openSession(address);
  const call = session.request({ ":path": "/" });
  const status = once(call, "response").then(([headers]) => headers[":status"]);
  while (calls.length === 0) await new Promise(setImmediate);

  const stopped = server.stop(60_000);
  await once(session, "goaway");
  expect(session.closed).toBe(true);
  calls[0]?.();
  expect(await status).toBe(204);
  await stopped;
  await expect(openSession(address)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("stopping ends what does not finish in time", async () => {
  const { address, calls, server } = await start();
  const session = await openSession(address);
  const call = session.request({ ":path": "/" });
  call.on("error", () => undefined);
  const closed = once(call, "close");
  while (calls.length === 0) await new Promise(setImmediate);

  await server.stop(10);
  await closed;
  expect(call.destroyed).toBe(true);
});

test.each([
  ["neither reads nor closes", undefined, PREFACE],
  ["says nothing", undefined, ""],
  ["says nothing, where there is TLS", {}, ""],
])("stopping ends a peer that %s", async (_, secure, words) => {
  const { address, server } = await start({ secure });
  const peer = connectSocket({ port: Number(new URL(address).port), host: "127.0.0.1", allowHalfOpen: true });
  peer.on("error", () => undefined).write(words);
  await once(peer, "connect");
  await server.stop(100);
  peer.destroy();
});

test("a peer that reads nothing and answers no ping is given up, and its connection with it", async () => {
  const asked = Promise.withResolvers<void>();
  const { address, server } = await start({
    keepalive: { intervalMs: 20, timeoutMs: 20 },
    onStream: (stream) => {
      stream.on("error", () => undefined).respond();
      stream.write(Buffer.alloc(64 * 1024 * 1024));
      asked.resolve();
    },
  });
  const peer = connectSocket({ port: Number(new URL(address).port), host: "127.0.0.1", allowHalfOpen: true });
  peer.on("error", () => undefined).write(Buffer.concat([Buffer.from(PREFACE), GREEDY]));
  await asked.promise;
  await server.stop(2 ** 31 - 1);
  peer.destroy();
});

test("a port that is taken says so", async () => {
  const { address } = await start();
  const second = createHttp2Server({ maxStreamsPerConnection: 1, onStream: () => undefined });
  await expect(second.listen("127.0.0.1", Number(new URL(address).port))).rejects.toMatchObject({ code: "EADDRINUSE" });
});
