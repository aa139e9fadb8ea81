import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { runForAll, runInCall } from "./call-context.ts";
import type { Caller } from "./caller.ts";
import { type Database, openDatabase, sql } from "./database.ts";
import { DomainError } from "./errors.ts";
import { tenantDatabase } from "./tenancy.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";
import { type CountedServer, countRoundTrips } from "./testing/round-trips.ts";

const A = "a0000000-0000-4000-8000-000000000000";
const B = "b0000000-0000-4000-8000-000000000000";

let t: TestDatabase;
let counter: CountedServer;
let db: Database;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
  counter = await countRoundTrips(t.url);
  const service = new URL(t.url);
  service.username += "_service";
  const options = { maxConnections: 2, applicationName: "test" };
  db = tenantDatabase(
    await openDatabase(counter.url(t.url), options),
    await openDatabase(counter.url(service.href), options),
  );
  for (const operatorId of [A, B]) await t.all.query(auditRow("setup", operatorId));
});
afterAll(async () => {
  await db?.end();
  counter?.close();
  await t?.close();
});
afterEach(() => {
  counter.roundTrips();
});

const operators = sql.type(z.object({ of: z.string() }))`select operator_id as of from audit_log order by operator_id`;
const as = <T>(caller: Caller | undefined, work: () => Promise<T>): Promise<T> =>
  runInCall({ signal: new AbortController().signal, ...(caller ? { caller } : {}) }, work);
const caller = (role: Role, claims: Record<string, string> = {}): Caller => ({ subject: "tester", role, claims });
const operatorA = caller(Role.OPERATOR, { operator_id: A });
const seen = () => db.anyFirst(operators);

describe("what is asked on behalf of a call", () => {
  test("by an operator shows its own rows, and in one round trip", async () => {
    await as(operatorA, seen);
    counter.roundTrips();
    expect(await as(operatorA, seen)).toEqual([A]);
    expect(counter.roundTrips()).toBe(1);
  });

  test("by an administrator or a service shows every row, and in one round trip", async () => {
    for (const role of [Role.ADMIN, Role.SERVICE]) {
      await as(caller(role), seen);
      counter.roundTrips();
      expect(await as(caller(role), seen)).toEqual([A, B]);
      expect(counter.roundTrips()).toBe(1);
    }
  });

  test("by anybody else, or before it is known by whom, shows none", async () => {
    const strangers = [
      undefined,
      caller(Role.UNSPECIFIED),
      caller(Role.OPERATOR),
      caller(Role.OPERATOR, { operator_id: "x' or true" }),
      caller(Role.OPERATOR, { student_id: A }),
    ];
    for (const stranger of strangers) expect(await as(stranger, seen)).toEqual([]);
  });

  test("by callers who share a connection shows each its own", async () => {
    const operatorB = caller(Role.OPERATOR, { operator_id: B });
    const asked = Array.from({ length: 20 }, (_, n) => as([operatorA, operatorB, undefined][n % 3], seen));
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, (_, n) => [[A], [B], []][n % 3]));
  });

  test("that every caller waits for has no caller's rights, unless they all have them", async () => {
    expect(await as(operatorA, () => runForAll(seen))).toEqual([]);
    expect(await as(operatorA, () => runForAll(seen, operatorA))).toEqual([A]);
  });

  test("with a result of several rows and values arrives whole", async () => {
    const row = z.object({ n: z.number(), text: z.string() });
    const rows = await as(operatorA, () =>
      db.any(sql.type(row)`select n, 'v' || ${"x"} as text from generate_series(1, 3) n`),
    );
    expect(rows).toEqual([1, 2, 3].map((n) => ({ n, text: "vx" })));
  });
});

describe("a transaction", () => {
  test("has its caller's rights to its end, for no round trip more", async () => {
    await as(operatorA, seen);
    counter.roundTrips();
    const both = await as(operatorA, () =>
      db.transaction(async (tx) => [await tx.anyFirst(operators), await tx.anyFirst(operators)]),
    );
    expect(both).toEqual([[A], [A]]);
    expect(counter.roundTrips()).toBe(4);
  });

  test("leaves no rights on its connection, however it ends", async () => {
    const refused = new DomainError("precondition", "NO", "No.");
    const ends = [async () => "committed", async () => Promise.reject(refused)];
    for (const end of ends) {
      await as(operatorA, () => db.transaction(end)).catch(() => undefined);
      expect(await Promise.all([seen(), seen()])).toEqual([[], []]);
    }
    await as(operatorA, () => db.query(sql.unsafe`select 1 / 0`)).catch(() => undefined);
    expect(await Promise.all([seen(), seen()])).toEqual([[], []]);
  });

  test("writes what is the caller's, and is refused the rest", async () => {
    const write = (operatorId: string) =>
      as(operatorA, () => db.transaction((tx) => tx.query(auditRow("tester", operatorId))));
    await expect(write(B)).rejects.toMatchObject({ code: "42501" });
    await expect(write(A)).resolves.toMatchObject({ rowCount: 1 });
  });
});

describe("outside of a call", () => {
  test("nothing is seen, but by work that says that it is the service's own", async () => {
    expect(await seen()).toEqual([]);
    expect((await db.asService().anyFirst(operators)).length).toBeGreaterThan(1);
  });

  test("work of the service's own is that within a call, too", async () => {
    expect(await as(operatorA, () => db.asService().anyFirst(operators))).toContain(B);
  });
});

function auditRow(subject: string, operatorId: string) {
  return sql.unsafe`
    insert into audit_log (at, subject, role, action, entity, entity_id, operator_id, request_id)
    values (now(), ${subject}, 'operator', 'X', 'x', 'x', ${operatorId}, 'x')
  `;
}
