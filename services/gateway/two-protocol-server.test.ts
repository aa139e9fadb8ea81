import { once } from "node:events";
import { Agent, get as httpGet } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import { listenTwoProtocols, type TwoProtocolOptions, type TwoProtocolServer } from "./two-protocol-server.ts";

const SETTINGS = 4;
const FRAME_TYPE = 3;
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]);

let server: TwoProtocolServer | undefined;
afterEach(() => server?.drain(0));

/** Answers with the version of HTTP that it was asked in. */
async function start(options: Partial<TwoProtocolOptions> = {}): Promise<number> {
  const handler: TwoProtocolOptions["handler"] = (request, response) => void response.end(request.httpVersion);
  server = await listenTwoProtocols({ handler, host: "127.0.0.1", port: 0, ...options });
  return server.port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}

async function getHttp2(port: number): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const body = await text(session.request({ ":path": "/" }));
  session.close();
  return body;
}

test("speaks HTTP/1.1 and HTTP/2 on one port", async () => {
  const port = await start();
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("1.1");
  expect(await getHttp2(port)).toBe("2.0");
});

test("what arrives byte by byte is understood, also where the protocols begin alike", async () => {
  const port = await start();
  const http1 = await open(port);
  const answer = text(http1);
  await trickle(http1, Buffer.from("PROPFIND / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
  expect(await answer).toMatch(/^HTTP\/1.1 200 .*1.1$/s);

  const http2 = await open(port);
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await trickle(http2, Buffer.concat([preface, EMPTY_SETTINGS]));
  const [frame] = await once(http2, "data");
  expect(frame[FRAME_TYPE]).toBe(SETTINGS);
  http2.destroy();
});

test("a connection that says nothing, or leaves in the middle of a word, is closed", async () => {
  const port = await start({ firstBytesTimeoutMs: 50 });
  const silent = await open(port);
  const leaver = await open(port);
  leaver.end("PRI *");
  await Promise.all([text(silent), text(leaver)]);
});

test("an HTTP/2 session without traffic is asked to leave", async () => {
  const session = connectHttp2(`http://127.0.0.1:${await start({ idleSessionMs: 50 })}`);
  await once(session, "goaway");
  await once(session, "close");
});

test("while it drains, running requests are answered, idle connections go, and nobody new is let in", async () => {
  const { promise: release, resolve: letGo } = Promise.withResolvers<void>();
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let count = 0;
  const port = await start({
    handler: (_, response) => {
      asked[count++]?.resolve();
      void release.then(() => response.end("answered"));
    },
  });
  const silent = await open(port);
  const one = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const two = text(session.request({ ":path": "/" }));
  await Promise.all(asked.map(({ promise }) => promise));

  const drained = server?.drain(60_000);
  await Promise.all([once(session, "goaway"), text(silent)]);
  const late = connect(port, "127.0.0.1");
  expect(await once(late, "error")).toMatchObject([{ code: "ECONNREFUSED" }]);

  letGo();
  expect(await Promise.all([one, two])).toEqual(["answered", "answered"]);
  await drained;
});

test("one who leaves closes connections of HTTP/1.1 with their next answer, also where it is under way, and takes new ones", async () => {
  const { promise: release, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const port = await start({
    handler(request, response) {
      if (request.url !== "/slow") return void response.end("at once");
      ask();
      void release.then(() => response.end("late"));
    },
  });
  const agent = new Agent({ keepAlive: true });
  const get = async (path: string) => {
    const [response] = await once(httpGet({ port, path, agent }), "response");
    return [response.headers.connection, await text(response)];
  };
  expect(await get("/")).toEqual(["keep-alive", "at once"]);
  const underWay = get("/slow");
  await asked;

  server?.leave();

  expect(await get("/")).toEqual(["close", "at once"]);
  letGo();
  expect(await underWay).toEqual(["close", "late"]);
  agent.destroy();
});

test("a drain does not wait for ever", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const port = await start({ handler: () => ask() });
  const stuck = fetch(`http://127.0.0.1:${port}/`).catch(() => "cut");
  await asked;
  await server?.drain(50);
  expect(await stuck).toBe("cut");
});

test("a port that is taken is named", async () => {
  const port = await start();
  const second = listenTwoProtocols({ handler: () => {}, host: "127.0.0.1", port });
  await expect(second).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken by another program.`);
});

async function trickle(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]));
    await setImmediate();
  }
}
