import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import pg from "pg";
import { courseIdOf, givenCatalogue, studentIdOf, ZONE } from "../bench/booking/worlds.ts";
import { migrateService } from "../runtime/migrations.ts";
import { testDatabase } from "../runtime/testing/database.ts";
import { sell } from "./testing/sold-lessons.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);
const NOTES_BEGIN = "0100_changes_of_claims.sql";
/** The last file waits for this. */
const HELD = 4711;

test("whoever books while notes are brought in waits until they are, and is noted", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "migrations-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const names = await readdir(MIGRATIONS);
  const take = (name: string) => copyFile(fileURLToPath(new URL(name, MIGRATIONS)), join(folder, name));
  for (const name of names.filter((name) => name < NOTES_BEGIN)) await take(name);
  const before = pathToFileURL(`${folder}/`);
  const database = await testDatabase(before);
  stack.defer(() => database.close());
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  stack.defer(() => admin.end());
  await givenCatalogue(admin, 1, 10);
  const trainerId = randomUUID();
  const sold = (student: number, start: number) => {
    const course = { studentId: studentIdOf(student), courseId: courseIdOf(0), zoneId: ZONE.zoneId };
    return sell(database.all, course, [{ trainerId, start, minutes: 60, buffer: 15 }]);
  };
  await sold(0, 0);

  for (const name of names.filter((name) => name >= NOTES_BEGIN)) await take(name);
  await writeFile(join(folder, "9999_held.sql"), `select pg_advisory_xact_lock(${HELD})`);
  await admin.query("select pg_advisory_lock($1)", [HELD]);
  const waiting = async (count: number, unless: Promise<unknown>) => {
    let over = false;
    unless.finally(() => (over = true)).catch(() => undefined);
    for (;;) {
      const { rows } = await admin.query<{ count: number }>(
        "select count(distinct pid)::int as count from pg_locks join pg_database d on d.oid = database where not granted and d.datname = current_database()",
      );
      if (over || rows[0]?.count === count) return;
    }
  };
  const migrated = migrateService(database.ownerUrl, before);
  await waiting(1, migrated);
  const booked = sold(1, 1000);
  await waiting(2, booked);
  await admin.query("select pg_advisory_unlock($1)", [HELD]);
  await Promise.all([migrated, booked]);

  const { rows } = await admin.query("select trainer_id from trainer_claim_change");
  expect(rows).toEqual([{ trainer_id: trainerId }]);
});
