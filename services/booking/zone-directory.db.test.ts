import { randomUUIDv7 } from "node:crypto";
import { setTimeout as tick } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import type { Database } from "../runtime/database.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import type { Point } from "./point.ts";
import { type ZoneDirectory, zoneDirectory } from "./zone-directory.ts";

const PRAGUE = { latitude: 50.08, longitude: 14.43 };
const FIJI = { latitude: -17, longitude: 180 };

let database: TestDatabase;
let writer: pg.Client;
let second: pg.Client;
let nowMs: () => number;
const zones: ZoneDirectory[] = [];

beforeEach(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
  [writer, second] = [await session(), await session()];
  nowMs = () => performance.now();
});

afterEach(async () => {
  for (const directory of zones.splice(0)) await directory.stop();
  await writer.end();
  await second.end();
  await database.close();
});

test("until the zones are read, nothing is known; then what is known is the whole zone", async () => {
  const zoneId = await given(writer, PRAGUE);
  const directory = replica();
  expect(directory.locate(PRAGUE)).toBeNull();
  await until(directory, PRAGUE, zoneId);
  expect(directory.locate(PRAGUE)).toEqual({
    version: 2,
    located: {
      distanceMeters: 0,
      zone: {
        zoneId,
        operatorId: "f0000000-0000-4000-8000-000000000001",
        franchiseId: "f0000000-0000-4000-8000-000000000001",
        name: zoneId,
        centre: PRAGUE,
        radiusMeters: 1000,
        timeZone: "Europe/Prague",
        countryCode: "CZ",
        regionCode: "CZ-10",
        version: 1,
        createTime: Temporal.Instant.from("2026-01-02T03:04:05.678901Z"),
      },
    },
  });
  expect(directory.locate(FIJI)?.located).toBeNull();
});

test("a zone that is added, moved or taken away is seen by every replica within a second", async () => {
  const replicas = [replica(), replica()];
  await Promise.all(replicas.map((directory) => until(directory, PRAGUE, null)));
  const tookMs: number[] = [];
  const seen = async (point: Point, zoneId: string | null) => {
    const from = performance.now();
    await Promise.all(replicas.map((directory) => until(directory, point, zoneId)));
    tookMs.push(performance.now() - from);
  };

  const zoneId = await given(writer, PRAGUE);
  await seen(PRAGUE, zoneId);
  await writer.query("update zone set latitude = -17, longitude = 180, version = 2");
  await seen(FIJI, zoneId);
  await seen(PRAGUE, null);
  await writer.query("delete from zone");
  await seen(FIJI, null);
  expect(Math.max(...tookMs)).toBeLessThan(1000);
});

test("a change whose transaction commits late is not missed for one that overtook it", async () => {
  const directory = replica();
  await until(directory, PRAGUE, null);
  await writer.query("begin");
  const late = await given(writer, PRAGUE);
  const early = await given(second, FIJI);
  await until(directory, FIJI, early);
  await writer.query("commit");
  await until(directory, PRAGUE, late);
});

test("two who change the same zones in another order do not lock each other out", async () => {
  const [one, other] = [await given(writer, PRAGUE), await given(writer, FIJI)];
  await writer.query("begin");
  await second.query("begin");
  await writer.query("update zone set name = 'a' where zone_id = $1", [one]);
  await second.query("update zone set name = 'b' where zone_id = $1", [other]);
  await given(writer, PRAGUE);
  await given(second, FIJI);
  await writer.query("commit");
  await second.query("commit");
});

test("who has changed a zone knows nothing until it has looked again", async () => {
  const directory = replica();
  await until(directory, PRAGUE, null);
  directory.changed();
  expect(directory.locate(PRAGUE)).toBeNull();
  await until(directory, PRAGUE, null);
});

test("what was not heard of for a while is not known any more", async () => {
  const directory = replica();
  await until(directory, PRAGUE, null);
  const clock = nowMs;
  nowMs = () => clock() + 801;
  expect(directory.locate(PRAGUE)).toBeNull();
});

test("many changes make a new index, and so many that they are not told one by one are read again", async () => {
  const directory = replica();
  await until(directory, PRAGUE, null);
  for (const [count, point] of [
    [1200, PRAGUE],
    [5200, FIJI],
  ] as const) {
    await many(count);
    await until(directory, point, await given(writer, point));
  }
  expect(directory.metrics().zones).toBeGreaterThanOrEqual(6400);
});

test("while a list is being taken in, the zones are not read anew again and again; once it is in, they are", async () => {
  const asked = { looks: 0, looksLeft: Number.POSITIVE_INFINITY, pages: 0 };
  const directory = replica(counting(database.all, asked));
  await until(directory, PRAGUE, null);
  asked.looksLeft = 0;
  const before = asked.pages;
  for (let batch = 0; batch < 4; batch += 1) {
    await many(1200);
    const looks = asked.looks;
    asked.looksLeft = 1;
    while (asked.looks === looks) await tick(5);
  }
  expect(asked.pages).toBe(before);
  asked.looksLeft = Number.POSITIVE_INFINITY;
  await until(directory, PRAGUE, await given(writer, PRAGUE));
  expect(directory.metrics().zones).toBeGreaterThanOrEqual(4800);
});

test("advice is taken at its version alone, and spares the search", async () => {
  const [near, far] = [await given(writer, PRAGUE), await given(writer, FIJI)];
  const advised = async (zoneId: string | null, version: number | null) => {
    const { rows } = await writer.query("select zone_id, distance_meters from locate_zone($1, $2, $3, $4)", [
      ...[PRAGUE.latitude, PRAGUE.longitude, zoneId, version],
    ]);
    return rows.map((row) => row.zone_id);
  };
  const current = 3;
  expect(await advised(far, current)).toEqual([far]);
  expect(await advised(null, current)).toEqual([]);
  for (const outdated of [null, current - 1, current + 1]) expect(await advised(far, outdated)).toEqual([near]);
});

function replica(db = database.all): ZoneDirectory {
  const logger = { info: () => undefined, warn: () => undefined };
  const directory = zoneDirectory(db, { nowMs: () => nowMs(), logger });
  zones.push(directory);
  return directory;
}

/** Counts the looks for what is new, as many as are left, and the pages of all zones. */
function counting(db: Database, asked: { looks: number; looksLeft: number; pages: number }): Database {
  const one: Database["one"] = async (query) => {
    if (!query.sql.includes("from zone_version")) {
      asked.pages += 1;
      return db.one(query);
    }
    while (asked.looksLeft === 0) await tick(5);
    asked.looksLeft -= 1;
    const row = await db.one(query);
    asked.looks += 1;
    return row;
  };
  return { ...db, one };
}

async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  return client;
}

/** Polls, as its users do: a directory tells nobody that it has learned something. */
async function until(directory: ZoneDirectory, point: Point, zoneId: string | null): Promise<void> {
  for (;;) {
    const advice = directory.locate(point);
    if (advice && (advice.located?.zone.zoneId ?? null) === zoneId) return;
    await tick(5);
  }
}

async function given(client: pg.Client, { latitude, longitude }: Point): Promise<string> {
  const zoneId = randomUUIDv7();
  await client.query(
    `insert into zone
       (zone_id, franchise_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
     values ($1, 'f0000000-0000-4000-8000-000000000001', $2, $3, $4, 1000, 'Europe/Prague', 'CZ', 'CZ-10',
       '2026-01-02T03:04:05.678901Z')`,
    [zoneId, zoneId, latitude, longitude],
  );
  return zoneId;
}

/** In the middle of an ocean. */
async function many(count: number): Promise<void> {
  await writer.query(
    `insert into zone (zone_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
     select id, id::text, 0, -150, 1, 'UTC', 'US', '', now() from (select gen_random_uuid() as id from generate_series(1, $1)) n`,
    [count],
  );
}
