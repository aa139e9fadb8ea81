import { beforeAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { type ProvisionOptions, provisionService } from "./provision.ts";
import { testServerUrl } from "./testing/database.ts";

let serverUrl: string;
let service: string;

beforeAll(async () => {
  serverUrl = await testServerUrl();
});

beforeEach(() => {
  service = `p_${crypto.randomUUID().slice(0, 8)}`;
});

const provision = (options: Partial<ProvisionOptions> = {}) =>
  provisionService({ adminUrl: serverUrl, service, ownerPassword: "o/w:n@er", appPassword: "a pp?", ...options });

const refused = (message: unknown) => expect.objectContaining({ name: "ProvisionError", message });

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement).finally(() => client.end());
  return rows;
}

/** Makes a role, and answers the server's address for it. */
async function roleWith(attributes: string): Promise<string> {
  const role = `admin_${crypto.randomUUID().slice(0, 8)}`;
  await query(serverUrl, `create role ${role} login password 'p' ${attributes}`);
  return serverUrl.replace("postgres:test@", `${role}:p@`);
}

const whoAmI = `
  select current_user as role, rolsuper or rolcreatedb or rolcreaterole or rolbypassrls as mighty,
         has_database_privilege(current_database(), 'create') as creates
  from pg_roles where rolname = current_user
`;

test("a service gets a database, a role that owns it and one that uses it", async () => {
  const { databaseUrl, migrationDatabaseUrl } = await provision();
  expect(await query(databaseUrl, whoAmI)).toEqual([{ role: `cadre_${service}`, mighty: false, creates: false }]);
  expect(await query(migrationDatabaseUrl, whoAmI)).toEqual([
    { role: `cadre_${service}_owner`, mighty: false, creates: true },
  ]);
  expect(new URL(databaseUrl).pathname).toBe(`/cadre_${service}`);
});

test("no statement of the application outlives the longest call, and a migration takes its time", async () => {
  const { databaseUrl, migrationDatabaseUrl } = await provision();
  const limits = `
    select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle
  `;
  expect(await query(databaseUrl, limits)).toEqual([{ statement: "1min", idle: "1min" }]);
  expect(await query(migrationDatabaseUrl, limits)).toEqual([{ statement: "0", idle: "0" }]);
});

test("what the owner makes, the application may use and not change", async () => {
  const { databaseUrl, migrationDatabaseUrl } = await provision();
  await query(migrationDatabaseUrl, "create table thing (id bigserial, n int)");
  await query(databaseUrl, "insert into thing (n) values (1)");
  expect(await query(databaseUrl, "delete from thing returning id, n")).toEqual([{ id: "1", n: 1 }]);
  for (const statement of ["drop table thing", "create table mine (n int)", "create schema mine", "truncate thing"]) {
    await expect(query(databaseUrl, statement)).rejects.toMatchObject({ code: "42501" });
  }
});

test("a service cannot enter another's database", async () => {
  const mine = await provision();
  const other = await provision({ service: `${service}_2` });
  const trespass = new URL(mine.databaseUrl);
  trespass.pathname = new URL(other.databaseUrl).pathname;
  await expect(query(trespass.href, "select")).rejects.toMatchObject({ code: "42501" });
});

test("doing it again keeps the rows and changes the passwords", async () => {
  const first = await provision();
  await query(first.migrationDatabaseUrl, "create table thing as select 7 as n");
  const second = await provision({ appPassword: "new" });
  expect(await query(second.databaseUrl, "select n from thing")).toEqual([{ n: 7 }]);
  await expect(query(first.databaseUrl, "select")).rejects.toMatchObject({ code: "28P01" });
});

test("two at once both succeed", async () => {
  const [one, other] = await Promise.all([provision(), provision()]);
  expect(one).toEqual(other);
  expect(await query(one.databaseUrl, "select 1 as n")).toEqual([{ n: 1 }]);
});

test("an administrator who is no superuser can do it, and do it again", async () => {
  const adminUrl = await roleWith("createrole createdb");
  await provision({ adminUrl });
  const { databaseUrl } = await provision({ adminUrl });
  expect(await query(databaseUrl, whoAmI)).toEqual([{ role: `cadre_${service}`, mighty: false, creates: false }]);
});

test("an administrator without the rights is told which", async () => {
  const adminUrl = await roleWith("createdb");
  const sentence = expect.stringMatching(
    /^The role admin_\w+ may not create roles and databases \(CREATEROLE and CREATEDB\)\.$/,
  );
  await expect(provision({ adminUrl })).rejects.toThrow(refused(sentence));
});

test("roles that another administrator made are named as what is in the way", async () => {
  await provision();
  const adminUrl = await roleWith("createrole createdb");
  const sentence = expect.stringMatching(
    /^The role admin_\w+ lacks a right on the server: permission denied to alter role\.$/,
  );
  await expect(provision({ adminUrl })).rejects.toThrow(refused(sentence));
});

test("a database of that name that belongs to somebody else is left alone", async () => {
  await query(serverUrl, `create database cadre_${service}`);
  const sentence = `The database cadre_${service} exists and belongs to postgres, not to cadre_${service}_owner.`;
  await expect(provision()).rejects.toThrow(refused(sentence));
});

test("a server that is not there is named", async () => {
  const sentence = expect.stringMatching(/^No session as postgres on the server 127\.0\.0\.1:1: .*ECONNREFUSED.*\.$/);
  await expect(provision({ adminUrl: "postgres://postgres:x@127.0.0.1:1/postgres" })).rejects.toThrow(
    refused(sentence),
  );
});
