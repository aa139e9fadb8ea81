import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { type Database, openDatabase } from "../database.ts";
import { migrateService } from "../migrations.ts";
import { provisionService } from "../provision.ts";
import { tenantDatabase } from "../tenancy.ts";
import type { CountedServer } from "./round-trips.ts";

const PASSWORD = "test";
const RUNTIME_MIGRATIONS = new URL("../migrations/", import.meta.url);

export interface TestDatabase {
  /** As the application's roles, with the rights that they have in production: outside of a call it sees nothing. */
  db: Database;
  /** The same as the service: what a test looks at, or arranges, itself. */
  all: Database;
  url: string;
  /** As the role that migrates. */
  ownerUrl: string;
  /** As a superuser, on the same database. */
  adminUrl: string;
  close(): Promise<void>;
}

/**
 * A database of its own for a test file, migrated: a copy of a template that the run makes once for each folder. What the
 * application asks as its limited role goes by way of `counter`.
 */
export async function testDatabase(migrations: URL, counter?: CountedServer): Promise<TestDatabase> {
  const serverUrl = await testServerUrl();
  const service = `t_${await digest(RUNTIME_MIGRATIONS, migrations)}`;
  const database = `test_${randomUUID().replaceAll("-", "")}`;

  await onServer(serverUrl, async (admin) => {
    await admin.query("select pg_advisory_lock(hashtextextended($1, 0))", [service]);
    await ensureTemplate(admin, serverUrl, service, migrations);
    await admin.query("select pg_advisory_unlock(hashtextextended($1, 0))", [service]);
    await admin.query(`create database ${database} template cadre_${service} owner cadre_${service}_owner`);
  });

  const url = urlOf(serverUrl, database, `cadre_${service}`);
  const serviceUrl = urlOf(serverUrl, database, `cadre_${service}_service`);
  const all = await openDatabase(serviceUrl, { maxConnections: 20, applicationName: "test-service" });
  const db = tenantDatabase(
    await openDatabase(counter?.url(url) ?? url, { maxConnections: 20, applicationName: "test" }),
    all,
  );
  return {
    db,
    all,
    url,
    ownerUrl: urlOf(serverUrl, database, `cadre_${service}_owner`),
    adminUrl: urlOf(serverUrl, database, "postgres"),
    async close() {
      await db.end();
      await onServer(serverUrl, (admin) => admin.query(`drop database ${database} with (force)`));
    },
  };
}

/** The superuser's address of the run's Postgres, which the first call starts. */
export async function testServerUrl(): Promise<string> {
  const desk = env.CADRE_TEST_POSTGRES;
  if (!desk) throw new Error("Run the tests with npm run jest, which sets up Postgres.");
  const response = await fetch(desk);
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return answer;
}

async function ensureTemplate(admin: pg.Client, serverUrl: string, service: string, migrations: URL): Promise<void> {
  const template = `cadre_${service}`;
  const { rowCount } = await admin.query("select from pg_database where datname = $1 and datistemplate", [template]);
  if (rowCount) return;
  const passwords = { ownerPassword: PASSWORD, appPassword: PASSWORD };
  const { migrationDatabaseUrl } = await provisionService({ adminUrl: serverUrl, service, ...passwords });
  await migrateService(migrationDatabaseUrl, migrations);
  await admin.query(`alter database ${template} is_template true`);
}

async function onServer(serverUrl: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

async function digest(...folders: URL[]): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const names = await readdir(fileURLToPath(folder));
    for (const name of names.sort()) {
      hash.update(name).update(await readFile(new URL(name, folder)));
    }
  }
  return hash.digest("hex").slice(0, 12);
}

function urlOf(serverUrl: string, database: string, user: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  url.username = user;
  url.password = PASSWORD;
  return url.href;
}
