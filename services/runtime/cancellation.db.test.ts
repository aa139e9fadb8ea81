import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { runInCall } from "./call-context.ts";
import { type Database, openDatabase, sql } from "./database.ts";
import { implement } from "./implement.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";
import { testImpl } from "./testing/test-service.ts";

const LONG_AGO = "the call has ended";

let t: TestDatabase;
let db: Database;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
});
afterAll(() => t.close());
beforeEach(async () => {
  db = await openDatabase(t.url, { maxConnections: 1, applicationName: "cancelled" });
});
afterEach(() => db.end());

const session = sql.type(z.object({ pid: z.number() }))`select pg_backend_pid() as pid`;
const sleep = (seconds: number) => sql.unsafe`select pg_sleep(${seconds})`;
const insert = (name: string) => sql.unsafe`insert into thing (name) values (${name})`;
const inserted = (name: string) => t.db.exists(sql.unsafe`select from thing where name = ${name}`);
const running = () =>
  t.db.anyFirst(sql.type(z.object({ query: z.string() }))`
    select query from pg_stat_activity
    where application_name = 'cancelled' and state <> 'idle' and pid <> pg_backend_pid()
  `);

async function untilItRuns(query: string): Promise<void> {
  while (!(await running()).some((text) => text.includes(query))) await delay(5);
}

/** An error arrives a moment before its process says that it is idle. */
async function untilNothingRuns(): Promise<void> {
  while ((await running()).length > 0) await delay(5);
}

describe("a call whose SQL is slow", () => {
  let server: TestServer;
  let work: () => Promise<unknown>;
  let ended: PromiseWithResolvers<unknown>;

  beforeEach(async () => {
    ended = Promise.withResolvers();
    const impl: ServiceImpl<typeof TestService> = {
      ...testImpl,
      async emptyCall() {
        const result = work();
        result.then(ended.resolve, ended.resolve);
        await result;
        return {};
      },
    };
    server = await startTestServer({ services: [{ ...implement(TestService, impl), open: true }] });
  });
  afterEach(() => server.close());

  const call = (options: { timeoutMs?: number; signal?: AbortSignal }) =>
    createClient(TestService, server.transportAs(null)).emptyCall({}, options).catch(ConnectError.from);

  test("stops in the database at its deadline, its transaction is undone and its connection as good as new", async () => {
    const before = await db.one(session);
    work = () =>
      db.transaction(async (tx) => {
        await tx.query(insert("slow"));
        await tx.query(sleep(60));
      });
    expect(await call({ timeoutMs: 300 })).toMatchObject({ code: Code.DeadlineExceeded });
    expect(await ended.promise).toMatchObject({ code: Code.DeadlineExceeded });
    await untilNothingRuns();
    expect(await inserted("slow")).toBe(false);
    expect(await db.one(session)).toEqual(before);
  });

  test("stops in the database when its caller leaves", async () => {
    const before = await db.one(session);
    work = () => db.query(sleep(60));
    const leave = new AbortController();
    const answer = call({ signal: leave.signal });
    await untilItRuns("pg_sleep");
    leave.abort();
    expect(await answer).toMatchObject({ code: Code.Canceled });
    expect(await ended.promise).toMatchObject({ code: Code.Canceled });
    await untilNothingRuns();
    expect(await db.one(session)).toEqual(before);
  });

  test("stops while it waits for another's lock", async () => {
    await t.db.transaction(async (tx) => {
      await tx.query(insert("locked"));
      work = () => db.query(insert("locked"));
      expect(await call({ timeoutMs: 300 })).toMatchObject({ code: Code.DeadlineExceeded });
      expect(await ended.promise).toMatchObject({ code: Code.DeadlineExceeded });
    });
  });
});

describe("a call that has ended", () => {
  const signal = AbortSignal.abort(new ConnectError(LONG_AGO, Code.Canceled));

  test("begins no statement", async () => {
    await expect(runInCall({ signal }, () => db.query(insert("too late")))).rejects.toThrow(LONG_AGO);
    expect(await inserted("too late")).toBe(false);
  });

  test("does not commit", async () => {
    const leave = new AbortController();
    const writing = runInCall({ signal: leave.signal }, () =>
      db.transaction(async (tx) => {
        await tx.query(insert("left"));
        leave.abort(new ConnectError(LONG_AGO, Code.Canceled));
      }),
    );
    await expect(writing).rejects.toThrow(LONG_AGO);
    expect(await inserted("left")).toBe(false);
  });

  test("ends its statement even where that had not begun yet", async () => {
    for (let round = 0; round < 50; round += 1) {
      const leave = new AbortController();
      const asked = runInCall({ signal: leave.signal }, () => db.query(sleep(60)));
      await new Promise(setImmediate);
      leave.abort(new ConnectError(LONG_AGO, Code.Canceled));
      await expect(asked).rejects.toThrow(LONG_AGO);
    }
  });
});

test("a cancel request that comes too late hits nobody else's statement on the connection", async () => {
  const outcomes = { cancelled: 0, finished: 0 };
  for (let round = 0; round < 150; round += 1) {
    const leave = new AbortController();
    const asked = runInCall({ signal: leave.signal }, () => db.query(sleep(0.004)));
    asked.then(
      () => (outcomes.finished += 1),
      () => (outcomes.cancelled += 1),
    );
    const others = asked.catch(() => undefined).then(() => db.query(sleep(0.004)));
    await delay(3 + 3 * Math.random());
    leave.abort(new ConnectError(LONG_AGO, Code.Canceled));
    await others;
  }
  // Both happened, so that requests came on either side of an end.
  expect(outcomes.cancelled).toBeGreaterThan(0);
  expect(outcomes.finished).toBeGreaterThan(0);
});
