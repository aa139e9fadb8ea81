import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { runInCall } from "./call-context.ts";
import { instant, openDatabase, sql } from "./database.ts";
import { isDatabaseOutage } from "./database-errors.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
});
afterAll(() => t.close());

const session = z.object({ pid: z.number() });
const PID = "select pg_backend_pid() as pid";

test("what is asked directly arrives as from the pool, and is checked", async () => {
  const row = z.object({ at: instant, count: z.number() });
  const text = "select timestamptz '2030-05-01 09:00:00Z' as at, $1::int8 as count";
  const at = Temporal.Instant.from("2030-05-01T09:00:00Z");
  expect(await t.db.oneDirectly(row, text, [7])).toEqual({ at, count: 7 });
  await expect(t.db.oneDirectly(z.object({ at: z.string() }), text, [7])).rejects.toThrow(z.ZodError);
  await expect(t.db.oneDirectly(z.object({}), "select 1 from generate_series(1, 2)", [])).rejects.toThrow(
    "not one row",
  );
});

test("all of it goes over one connection, one after the other, and over a new one when that is lost", async () => {
  const asked = await Promise.all(Array.from({ length: 5 }, () => t.db.oneDirectly(session, PID, [])));
  const [pid] = [...new Set(asked.map((row) => row.pid))];
  expect(asked).toEqual(Array.from({ length: 5 }, () => ({ pid })));

  const terminate = t.db.oneDirectly(z.object({}), "select pg_terminate_backend(pg_backend_pid())", []);
  const lost: unknown = await terminate.catch((error: unknown) => error);
  expect(isDatabaseOutage(lost)).toBe(true);
  const { pid: next } = await t.db.oneDirectly(session, PID, []);
  expect(next).not.toBe(pid);
});

test("it ends with its call, and the next is answered", async () => {
  const calls = new AbortController();
  const slow = runInCall({ signal: calls.signal }, () => t.db.oneDirectly(z.object({}), "select pg_sleep(60)", []));
  const next = t.db.oneDirectly(session, PID, []);
  calls.abort(new Error("the call has ended"));
  await expect(slow).rejects.toThrow("the call has ended");
  expect(await next).toEqual({ pid: expect.any(Number) });
  const running = sql.type(z.object({ count: z.number() }))`
    select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'
  `;
  expect(await t.db.one(running)).toEqual({ count: 0 });
});

test("a database that is not there is an outage, and the next question looks for it again", async () => {
  const db = await openDatabase("postgres://nobody:none@127.0.0.1:1/none", { maxConnections: 1, applicationName: "x" });
  for (let times = 0; times < 2; times += 1) {
    const error: unknown = await db.oneDirectly(session, PID, []).catch((thrown: unknown) => thrown);
    expect(isDatabaseOutage(error)).toBe(true);
  }
  await db.end();
});
