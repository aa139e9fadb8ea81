import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { migrate, migrateService } from "./migrations.ts";
import { provisionService } from "./provision.ts";
import { testServerUrl } from "./testing/database.ts";

let folder: string;
let owner: string;
let app: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cadre-migrations-"));
  const service = `m_${crypto.randomUUID().slice(0, 8)}`;
  const passwords = { ownerPassword: "o", appPassword: "a" };
  const made = await provisionService({ adminUrl: await testServerUrl(), service, ...passwords });
  owner = made.migrationDatabaseUrl;
  app = made.databaseUrl;
});

afterEach(() => rm(folder, { recursive: true }));

const file = (name: string, statements: string) => writeFile(join(folder, name), statements);

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement).finally(() => client.end());
  return rows;
}

test("files are applied in order, each once, and only those with SQL in them", async () => {
  await file("README.md", "not SQL");
  await file("0002_fill.sql", "insert into step values (2)");
  await file("0001_step.sql", "create table step (n int);\ninsert into step values (1);");
  await migrate(owner, folder);
  await file("0010_more.sql", "insert into step values (10)");
  await migrate(owner, folder);
  expect(await query(owner, "select n from step")).toEqual([{ n: 1 }, { n: 2 }, { n: 10 }]);
});

test("of four that start at once each ends with the database up to date", async () => {
  await file("0001_step.sql", "create table step (n int); select pg_sleep(0.1);");
  await file("0002_fill.sql", "insert into step values (2)");
  const all = Array.from({ length: 4 }, () => migrateService(owner, folder));
  await Promise.all(all);
  expect(await query(owner, "select n from step")).toEqual([{ n: 2 }]);
});

test("a failure says where, and leaves the database as it was", async () => {
  await file("0001_step.sql", "create table step (n int)");
  await file("0002_wrong.sql", "insert into step\nvalues ('two')");
  await expect(migrate(owner, folder)).rejects.toThrow(/values \('two'\);?\s+\^+\s+invalid input syntax/);
  expect(await query(owner, "select to_regclass('step') as step")).toEqual([{ step: null }]);
});

test("a file that comes before one that is applied is refused", async () => {
  await file("0002_step.sql", "create table step (n int)");
  await migrate(owner, folder);
  await file("0001_late.sql", "drop table step");
  await expect(migrate(owner, folder)).rejects.toThrow("0001_late is preceding already run migration 0002_step");
});

test("a comment about a down migration is a comment", async () => {
  await file("0001_step.sql", "create table step (n int);\n-- Down migration: none.\ninsert into step values (1);");
  await migrate(owner, folder);
  expect(await query(owner, "select n from step")).toEqual([{ n: 1 }]);
});

test("the application may use what a migration made, and may not change the schema", async () => {
  await file("0001_step.sql", "create table step (id bigint generated always as identity, n int)");
  await migrateService(owner, folder);
  await query(app, "insert into step (n) values (1)");
  expect(await query(app, "update step set n = 2 returning id, n")).toEqual([{ id: "1", n: 2 }]);
  await expect(query(app, "alter table step add column x int")).rejects.toMatchObject({ code: "42501" });
  await expect(query(app, "truncate step")).rejects.toMatchObject({ code: "42501" });
  await expect(query(app, "delete from migrations.migration")).rejects.toMatchObject({ code: "42501" });
});
