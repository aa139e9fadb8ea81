import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { runForAll, runInCall } from "./call-context.ts";
import { type Database, openDatabase, sql } from "./database.ts";
import { isDatabaseOutage } from "./database-errors.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";

/** The way to a host that can vanish without a word: connections that are open then stay open, and nothing passes. */
interface Way {
  url: string;
  vanish(): void;
  close(): void;
}

let t: TestDatabase;
let way: Way;
let db: Database;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
});
afterAll(() => t.close());
beforeEach(async () => {
  way = await wayTo(t.url);
  db = await openDatabase(way.url, { maxConnections: 1, applicationName: "vanished" });
});
afterEach(async () => {
  way.close();
  await db.end();
});

const one = sql.type(z.object({ one: z.number() }))`select 1 as one`;

test("a call ends at its deadline, and the next one is answered over a new connection", async () => {
  expect(await db.one(one)).toEqual({ one: 1 });
  way.vanish();
  const call = runInCall({ signal: AbortSignal.timeout(200) }, () => db.one(one));
  const next = db.one(one);
  expect(isDatabaseOutage(await failureOf(call))).toBe(true);
  expect(await next).toEqual({ one: 1 });
}, 20_000);

test("work of the service's own does not wait for ever, either", async () => {
  const own = await openDatabase(way.url, { maxConnections: 1, applicationName: "vanished", longestStatementMs: 200 });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => own.end());
  expect(await own.one(one)).toEqual({ one: 1 });
  way.vanish();
  expect(isDatabaseOutage(await failureOf(own.one(one)))).toBe(true);
  expect(await own.one(one)).toEqual({ one: 1 });
});

test("what everybody asks directly is an outage for those who wait, and answered to those who come after", async () => {
  const ask = () => runForAll(() => db.oneDirectly(z.object({ one: z.number() }), "select 1 as one", []));
  expect(await ask()).toEqual({ one: 1 });
  way.vanish();
  expect(isDatabaseOutage(await failureOf(ask()))).toBe(true);
  expect(await ask()).toEqual({ one: 1 });
}, 20_000);

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

async function wayTo(databaseUrl: string): Promise<Way> {
  const url = new URL(databaseUrl);
  const { hostname, port } = url;
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const postgres = connect(Number(port), hostname);
    client.pipe(postgres).pipe(client);
    for (const socket of [client, postgres]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    vanish() {
      for (const socket of sockets) socket.unpipe().removeAllListeners("end").pause();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
