import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { runInCall } from "./call-context.ts";
import { type Database, openDatabase, sql } from "./database.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";
import { type CountedServer, countRoundTrips } from "./testing/round-trips.ts";

const OPERATOR = "a0000000-0000-4000-8000-000000000000";

let t: TestDatabase;
let counter: CountedServer;
let db: Database;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
  counter = await countRoundTrips(t.url);
  db = await openDatabase(counter.url(t.url), { maxConnections: 1, applicationName: "test" });
});
afterAll(async () => {
  await db?.end();
  counter?.close();
  await t?.close();
});

const caller = { subject: "tester", role: Role.OPERATOR, claims: { operator_id: OPERATOR } };
const asOperator = <T>(work: () => Promise<T>): Promise<T> =>
  runInCall({ signal: new AbortController().signal, caller }, work);

const asking = (text: string) => sql.prepared("asking", z.object({ text: z.string(), of: z.string() }))`
  select ${text} as text, current_setting('cadre.operator_id') as of
`;
const prepared = () =>
  db.anyFirst(sql.type(z.object({ name: z.string() }))`select name from pg_prepared_statements order by name`);
const named = (name: string) => expect.stringMatching(new RegExp(`^${name}_[0-9a-f]{16}$`));

test("a statement with a name and the caller's rights are prepared once for a connection", async () => {
  for (const text of ["one", "two"]) {
    expect(await asOperator(() => db.one(asking(text)))).toEqual({ text, of: OPERATOR });
  }
  expect(await prepared()).toEqual([named("asking"), named("caller")]);
  counter.roundTrips();
  await asOperator(() => db.one(asking("three")));
  expect(counter.roundTrips()).toBe(1);
});

test("in a transaction nothing is prepared", async () => {
  const other = sql.prepared("other", z.object({ one: z.number() }))`select 1 as one`;
  await asOperator(() => db.transaction((tx) => tx.one(other)));
  expect(await prepared()).not.toContainEqual(named("other"));
});

test("where somebody hands connections around, statements go on without", async () => {
  // As if the session were another one.
  await db.query(sql.unsafe`deallocate all`);
  expect(await asOperator(() => db.one(asking("four")))).toEqual({ text: "four", of: OPERATOR });
  expect(await asOperator(() => db.one(asking("five")))).toEqual({ text: "five", of: OPERATOR });
  expect(await prepared()).toEqual([]);
});
