import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { z } from "zod";
import { type Database, openDatabase, sql } from "../runtime/database.ts";
import { migrateService } from "../runtime/migrations.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import { verifyZones } from "./verify-zones.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);
const COMPANY = "c0000000-0000-4000-8000-000000000000";
const FRANCHISE = "f0000000-0000-4000-8000-000000000001";

let folder: string;
let database: TestDatabase;
let owner: Database;
let client: pg.Client;

/** The first release's migrations alone. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "released-"));
  const released = (await readdir(MIGRATIONS)).filter((name) => /^000[1-4]_/.test(name));
  for (const name of released) await copyFile(fileURLToPath(new URL(name, MIGRATIONS)), join(folder, name));
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(async () => {
  database = await testDatabase(pathToFileURL(`${folder}/`));
  owner = await openDatabase(database.ownerUrl, { maxConnections: 1, applicationName: "test" });
  client = new pg.Client({ connectionString: database.ownerUrl });
  await client.connect();
});

afterEach(async () => {
  await client.end();
  await owner.end();
  await database.close();
});

test("a database with an older rule and names taken twice is taken: reported, renamed, indexed", async () => {
  await client.query(`
    drop index zone_name_of_company;
    drop index zone_name_of_franchise;
    create unique index zone_name on zone (coalesce(franchise_id, zone_id), name);
    alter table zone add constraint zone_name_once exclude using btree (coalesce(franchise_id, zone_id) with =, name with =);
  `);
  const long = "Ω".repeat(200);
  await given("00000000-0000-4000-8000-000000000003", "Brno", { created: "2026-01-03" });
  await given("00000000-0000-4000-8000-000000000002", "Brno", { created: "2026-01-02" });
  await given("00000000-0000-4000-8000-000000000001", "Brno", { created: "2026-01-02" });
  await given("00000000-0000-4000-8000-000000000004", "Brno (2)", { created: "2026-01-01" });
  await given("00000000-0000-4000-8000-000000000005", long, { created: "2026-01-01" });
  await given("00000000-0000-4000-8000-000000000006", long, { created: "2026-01-01" });
  await given("00000000-0000-4000-8000-000000000007", "Brno", { franchiseId: FRANCHISE });

  await migrateService(database.ownerUrl, MIGRATIONS);

  expect(await names()).toEqual([
    "1 Brno",
    "2 Brno (3)",
    "3 Brno (4)",
    "4 Brno (2)",
    `5 ${long}`,
    `6 ${"Ω".repeat(196)} (2)`,
    "7 Brno",
  ]);
  const { faults, lines } = await verifyZones(owner);
  expect(faults).toEqual([]);
  expect(lines.map((line) => line.replace(/^Renamed on \S+ /, ""))).toEqual([
    `00000000-0000-4000-8000-000000000002 of the operator ${COMPANY}, from "Brno" to "Brno (3)".`,
    `00000000-0000-4000-8000-000000000003 of the operator ${COMPANY}, from "Brno" to "Brno (4)".`,
    `00000000-0000-4000-8000-000000000006 of the operator ${COMPANY}, from "${long}" to "${"Ω".repeat(196)} (2)".`,
    "Both indexes on the names of zones are there, valid, unique and over the right rows.",
  ]);
  await expect(given("00000000-0000-4000-8000-000000000008", "Brno (3)")).rejects.toThrow("zone_name_of_company");
  await expect(given("00000000-0000-4000-8000-000000000009", "Brno", { franchiseId: FRANCHISE })).rejects.toThrow(
    "zone_name_of_franchise",
  );
});

test("a constraint over the operator is an older rule too", async () => {
  await client.query(`
    drop index zone_name_of_company;
    alter table zone add constraint zone_name_taken unique (operator_id, name);
  `);
  await migrateService(database.ownerUrl, MIGRATIONS);
  expect((await verifyZones(owner)).faults).toEqual([]);
});

test("a database that has both indexes keeps them, and nothing is renamed", async () => {
  const files = async () =>
    owner.anyFirst(sql.type(z.object({ file: z.number() }))`
      select relfilenode::int as file from pg_class where relname like 'zone_name_of_%' order by relname
    `);
  await given("00000000-0000-4000-8000-000000000001", "Brno");
  await given("00000000-0000-4000-8000-000000000002", "Brno", { franchiseId: FRANCHISE });
  const before = await files();
  await migrateService(database.ownerUrl, MIGRATIONS);
  expect(await files()).toEqual(before);
  expect(await names()).toEqual(["1 Brno", "2 Brno"]);
  expect((await verifyZones(owner)).lines).toHaveLength(1);
});

test("what is wrong with a live database is told", async () => {
  await migrateService(database.ownerUrl, MIGRATIONS);
  await client.query(`
    drop index zone_name_of_company;
    create index zone_name_of_company on zone (operator_id, name) where radius_meters > 5;
    drop index zone_name_of_franchise;
    create unique index older on zone (coalesce(franchise_id, zone_id), name);
  `);
  await given("00000000-0000-4000-8000-000000000001", "Brno");
  await given("00000000-0000-4000-8000-000000000002", "Brno");
  expect((await verifyZones(owner)).faults).toEqual([
    "The index zone_name_of_company is not unique.",
    "The index zone_name_of_company is where (radius_meters > 5), and should be where (franchise_id IS NULL).",
    "The index zone_name_of_franchise is missing.",
    "Another rule than these two keeps names apart: older.",
    `2 zones of the operator ${COMPANY} are named "Brno".`,
  ]);
});

test("the command prints what it finds, and ends with 1 when something is wrong", async () => {
  await migrateService(database.ownerUrl, MIGRATIONS);
  const fine = "Both indexes on the names of zones are there, valid, unique and over the right rows.\n";
  expect(await command()).toEqual({ code: 0, output: fine });
  await client.query("drop index zone_name_of_company");
  expect(await command()).toEqual({ code: 1, output: "The index zone_name_of_company is missing.\n" });
});

test("an index that was left half made is told", async () => {
  await migrateService(database.ownerUrl, MIGRATIONS);
  await client.query("drop index zone_name_of_company");
  await given("00000000-0000-4000-8000-000000000001", "Brno");
  await given("00000000-0000-4000-8000-000000000002", "Brno");
  const made = client.query(
    "create unique index concurrently zone_name_of_company on zone (operator_id, name) where franchise_id is null",
  );
  await expect(made).rejects.toThrow("zone_name_of_company");
  const { faults } = await verifyZones(owner);
  expect(faults[0]).toMatch("The index zone_name_of_company is not valid");
});

async function given(
  zoneId: string,
  name: string,
  { created = "2026-01-01", franchiseId = null as string | null } = {},
) {
  await client.query(
    `insert into zone
       (zone_id, franchise_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
     values ($1, $2, $3, 49, 16, 1000, 'Europe/Prague', 'CZ', '', $4)`,
    [zoneId, franchiseId, name, created],
  );
}

async function command() {
  const child = spawn(execPath, ["services/booking/verify-zones-main.ts"], {
    env: { PATH: env.PATH, MIGRATION_DATABASE_URL: database.ownerUrl },
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return { code, output };
}

function names() {
  return owner.anyFirst(sql.type(z.object({ name: z.string() }))`
    select right(zone_id::text, 1) || ' ' || name as name from zone order by zone_id
  `);
}
