import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { SchemaValidationError } from "slonik";
import { z } from "zod";
import { instant, openDatabase, sql } from "./database.ts";
import { constraintOf, isDatabaseOutage } from "./database-errors.ts";
import { DomainError } from "./errors.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
});
afterAll(() => t.close());

const session = sql.type(z.object({ pid: z.number() }))`select pg_backend_pid() as pid`;

describe("columns", () => {
  test("arrive as values that lose nothing", async () => {
    const row = z.object({
      at: instant,
      day: z.string(),
      local: z.string(),
      count: z.number(),
      price: z.string(),
      detail: z.object({ a: z.array(z.number()) }),
      bytes: z.instanceof(Buffer),
      ats: z.array(instant.nullable()),
    });
    const found = await t.db.one(sql.type(row)`
      select timestamptz '2030-05-01 09:00:00.123456+02' as at, date '2030-05-01' as day,
             timestamp '2030-05-01 09:00' as local, 9007199254740991::int8 as count, 0.10::numeric as price,
             '{"a": [1]}'::jsonb as detail, '\\xff00'::bytea as bytes,
             array[timestamptz '2030-01-01 00:00Z', null] as ats
    `);
    expect(found).toEqual({
      at: Temporal.Instant.from("2030-05-01T07:00:00.123456Z"),
      day: "2030-05-01",
      local: "2030-05-01 09:00:00",
      count: Number.MAX_SAFE_INTEGER,
      price: "0.10",
      detail: { a: [1] },
      bytes: Buffer.from([255, 0]),
      ats: [Temporal.Instant.from("2030-01-01T00:00:00Z"), null],
    });
    expect(found.at.toString()).toBe("2030-05-01T07:00:00.123456Z");
  });

  test("of a number too large to be exact are an error, not another number", async () => {
    const query = sql.type(z.object({ n: z.number() }))`select 9007199254740993::int8 as n`;
    await expect(t.db.one(query)).rejects.toThrow("9007199254740993 is too large");
  });

  test("are checked by the row's schema", async () => {
    const query = sql.type(z.object({ n: z.string() }))`select 1 as n`;
    await expect(t.db.one(query)).rejects.toBeInstanceOf(SchemaValidationError);
  });
});

describe("a session", () => {
  test("is in UTC wherever the server is, and carries the application's name", async () => {
    const admin = await openDatabase(t.adminUrl, { maxConnections: 1, applicationName: "admin" });
    const database = sql.identifier([new URL(t.adminUrl).pathname.slice(1)]);
    await admin.query(sql.unsafe`alter database ${database} set timezone to 'Asia/Tokyo'`);
    await admin.end();
    const db = await openDatabase(t.url, { maxConnections: 1, applicationName: "on call" });
    const row = z.object({ zone: z.string(), name: z.string() });
    const found = await db.one(sql.type(row)`
      select current_setting('TimeZone') as zone, current_setting('application_name') as name
    `);
    await db.end();
    expect(found).toEqual({ zone: "UTC", name: "on call" });
  });

  test("of a test has the rights of the application and no more", async () => {
    await expect(t.db.query(sql.unsafe`create table mine (id int)`)).rejects.toMatchObject({ code: "42501" });
  });

  test("outlives a refusal, whose writes are gone", async () => {
    const refusal = new DomainError("precondition", "NO", "No.");
    const first = await t.db.one(session);
    const refused = t.db.transaction(async (tx) => {
      expect(await tx.one(session)).toEqual(first);
      await tx.query(sql.unsafe`insert into thing (name) values ('refused')`);
      throw refusal;
    });
    await expect(refused).rejects.toBe(refusal);
    expect(await t.db.one(session)).toEqual(first);
    expect(await t.db.exists(sql.unsafe`select from thing where name = 'refused'`)).toBe(false);
  });
});

describe("an error", () => {
  test("names the constraint that was broken, and is no outage", async () => {
    await t.db.query(sql.unsafe`insert into thing (name) values ('twice')`);
    const error = await t.db.query(sql.unsafe`insert into thing (name) values ('twice')`).catch((e: unknown) => e);
    expect(constraintOf(error)).toBe("thing_name_unique");
    expect(isDatabaseOutage(error)).toBe(false);
  });

  test("in a transaction is thrown as it is, without a second try", async () => {
    let tries = 0;
    const failing = t.db.transaction(async (tx) => {
      tries++;
      await tx.query(sql.unsafe`do $$ begin raise exception 'again' using errcode = '40001'; end $$`);
    });
    await expect(failing).rejects.toMatchObject({ code: "40001" });
    expect(tries).toBe(1);
  });

  test("of a server that is not there is an outage", async () => {
    const options = { maxConnections: 1, applicationName: "test" };
    const db = await openDatabase("postgres://a:b@127.0.0.1:1/c", options);
    const error = await db.one(session).catch((e: unknown) => e);
    await db.end();
    expect(isDatabaseOutage(error)).toBe(true);
  });

  test("of a session that the server ends is an outage, and the next query finds another session", async () => {
    const killed = t.db.query(sql.unsafe`select pg_terminate_backend(pg_backend_pid())`).catch((e: unknown) => e);
    expect(isDatabaseOutage(await killed)).toBe(true);
    expect(await t.db.one(session)).toEqual({ pid: expect.any(Number) });
  });
});
