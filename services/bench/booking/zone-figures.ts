import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { type ZoneDirectory, zoneDirectory } from "../../booking/zone-directory.ts";
import { openDatabase, sql } from "../../runtime/database.ts";
import { type Figure, rounded } from "../figure.ts";
import { paired } from "../paired.ts";
import type { BookingMesh } from "./mesh.ts";
import { connected } from "./worlds.ts";

const LOOKUPS = { ours: 20_000, theirs: 300 };
const MUST = 100;
const quiet = { info: () => undefined, warn: () => undefined };

/** Which of many zones serves a point: asked of the database, and of the directory in the process. */
export async function zoneFigure(mesh: BookingMesh, zones: number): Promise<Figure> {
  const database = await mesh.database("zones");
  await connected(database.adminUrl, async (client) => {
    await client.query("set session_replication_role = replica");
    await client.query(ZONES, [zones]);
    await client.query("vacuum analyze zone");
  });
  const db = await openDatabase(database.serviceDatabaseUrl, { maxConnections: 1, applicationName: "bench" });
  const directory = zoneDirectory(db, { nowMs: () => performance.now(), logger: quiet });
  try {
    const readSeconds = await known(directory);
    const row = z.object({ zoneId: z.string() });
    const inSql = (n: number) => {
      const { latitude, longitude } = pointOf(n);
      return db.maybeOne(sql.type(row)`select zone_id as "zoneId" from locate_zone(${latitude}, ${longitude})`);
    };
    let found = 0;
    for (let n = 0; n < 100; n += 1) {
      const expected = await inSql(n);
      await delay(0);
      const advice = directory.locate(pointOf(n));
      if ((expected?.zoneId ?? null) !== (advice?.located?.zone.zoneId ?? null)) throw new Error("the two differ");
      if (expected) found += 1;
    }
    const ours = async () => {
      const start = performance.now();
      for (let n = 0; n < LOOKUPS.ours; n += 1) directory.locate(pointOf(n));
      return ((performance.now() - start) * 1000) / LOOKUPS.ours;
    };
    const theirs = async () => {
      const start = performance.now();
      for (let n = 0; n < LOOKUPS.theirs; n += 1) await inSql(n);
      return ((performance.now() - start) * 1000) / LOOKUPS.theirs;
    };
    const sides = await paired(ours, theirs);
    const ratio = sides.theirs / sides.ours;
    return {
      figure: "B7",
      ours: rounded(sides.ours),
      theirs: rounded(sides.theirs),
      unit: "µs/lookup",
      ratio: rounded(ratio),
      must: MUST,
      holds: ratio >= MUST,
      note: `which of ${zones} zones serves a point, ${found} of 100 in one: locate_zone, asked from the process / in the process; read and indexed in ${rounded(readSeconds)} s`,
    };
  } finally {
    await directory.stop();
    await db.end();
    await mesh.drop(database);
  }
}

async function known(directory: ZoneDirectory): Promise<number> {
  const start = performance.now();
  while (directory.metrics().zones === 0) await delay(50);
  return (performance.now() - start) / 1000;
}

/** All over the inhabited world, 1 to 10 km wide. */
const ZONES = `
  insert into zone
    (zone_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
  select gen_random_uuid(), 'Zone ' || n, -50 + 110 * random(), -180 + 360 * random(), 1000 + 9000 * random(),
    'Europe/Berlin', 'DE', '', now()
  from generate_series(1, $1::int) n`;

function pointOf(n: number): { latitude: number; longitude: number } {
  return { latitude: -50 + 110 * fraction(n * 0.754877666), longitude: -180 + 360 * fraction(n * 0.569840291) };
}

function fraction(value: number): number {
  return value - Math.floor(value);
}
