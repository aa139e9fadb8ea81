import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import pg from "pg";
import { z } from "zod";
import { sql } from "../runtime/database.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import type { Point } from "./point.ts";
import { greatCircleMeters, travel } from "./testing/sphere.ts";
import { type ZonePage, zoneColumns } from "./zone-columns.ts";
import { indexZones } from "./zone-snapshot.ts";

interface Circle {
  zoneId: string;
  centre: Point;
  radiusMeters: number;
}

const ZONE = {
  operatorId: "c0000000-0000-4000-8000-000000000000",
  franchiseId: null,
  name: "A zone",
  timeZone: "UTC",
  countryCode: "DE",
  regionCode: "",
  version: 1,
  createTime: Temporal.Instant.fromEpochMilliseconds(0),
};

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
});

afterAll(() => database?.close());

const degrees = (from: number, to: number) => fc.integer({ min: from * 10, max: to * 10 }).map((tenths) => tenths / 10);
const place: fc.Arbitrary<Point> = fc.oneof(
  fc.record({ latitude: degrees(-90, 90), longitude: degrees(-180, 180) }),
  fc.record({ latitude: degrees(49, 50), longitude: degrees(14, 15) }),
  fc.record({ latitude: degrees(-18, -17), longitude: fc.oneof(degrees(179, 180), degrees(-180, -179)) }),
  fc.record({ latitude: fc.oneof(degrees(89, 90), degrees(-90, -89)), longitude: degrees(-180, 180) }),
);
/** More circles than centres, so that many are equally near. */
const circles = fc.array(place, { minLength: 1, maxLength: 8 }).chain((centres) =>
  fc.uniqueArray(
    fc.record({
      zoneId: fc.uuid(),
      centre: fc.constantFrom(...centres),
      radiusMeters: fc.constantFrom(1, 5_000, 30_000, 120_000, 500_000),
    }),
    { minLength: 1, maxLength: 25, selector: ({ zoneId }) => zoneId },
  ),
);
const steps = fc.array(
  fc.record({
    from: fc.nat(),
    bearing: fc.integer({ min: 0, max: 359 }),
    share: fc.constantFrom(0, 0.5, 0.999999, 1, 1.000001),
  }),
  { minLength: 1, maxLength: 20 },
);

test("what is found over the index, and in memory, is what a look at every zone finds", async () => {
  await fc.assert(
    fc.asyncProperty(
      circles,
      fc.array(place, { maxLength: 10 }),
      steps,
      fc.nat(),
      async (zones, anywhere, walks, cut) => {
        const edges = walks.map(({ from, bearing, share }) => {
          const zone = zones[from % zones.length] as Circle;
          return travel(zone.centre, bearing, zone.radiusMeters * share);
        });
        const points = [...anywhere, ...edges];
        const expected = points.map((point) => model(zones, point));
        expect(await found(zones, points)).toEqual(expected);
        expect(await foundInMemory(zones, cut % (zones.length + 1), points)).toEqual(expected);
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);

test("among many zones the index is used and each candidate's distance is computed once", async () => {
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  await admin.query("begin");
  await admin.query("set local track_functions = 'all'");
  // The plan of a function that runs as its owner is not shown.
  await admin.query("alter function locate_zone(double precision, double precision) security invoker");
  await admin.query(`
    insert into zone (zone_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
    select gen_random_uuid(), n, (n % 140) - 70, (n / 140) * 1.7 - 170, 300000, 'UTC', 'DE', '', now()
    from generate_series(1, 20000) n
  `);
  await admin.query("analyze zone");
  const plan = await admin.query("explain select * from locate_zone(50, 14)");
  const candidates = await admin.query(
    "select count(*)::int as count from zone where bounds @> box(point(14, 50), point(14, 50))",
  );
  await admin.query("select * from locate_zone(50, 14)");
  const calls = await admin.query(
    "select calls::int from pg_stat_xact_user_functions where funcname = 'great_circle_meters'",
  );
  await admin.query("rollback");
  await admin.end();

  const text = plan.rows.map((row) => row["QUERY PLAN"]).join("\n");
  expect(text).toContain("Bitmap Index Scan on zone_bounds");
  expect(text).not.toContain("Seq Scan");
  expect(candidates.rows[0].count).toBeGreaterThan(1);
  expect(calls.rows[0].calls).toBe(candidates.rows[0].count);
});

/** With the last of the zones changed since the index was made: moved, or new. */
async function foundInMemory(zones: Circle[], changedCount: number, points: Point[]): Promise<(string | null)[]> {
  const columns = zoneColumns();
  const elsewhere = { latitude: 0, longitude: 0 };
  const unchangedCount = zones.length - changedCount;
  const before = zones.map((zone, at) => (at < unchangedCount ? zone : { ...zone, centre: elsewhere }));
  columns.append(pageOf(before.filter((_, at) => at < unchangedCount || at % 2 === 0)));
  const changed = new Map(zones.slice(unchangedCount).map((zone) => [zone.zoneId, { ...ZONE, ...zone }]));
  const snapshot = await indexZones(columns);
  return points.map((point) => snapshot.locate(point, changed)?.zone.zoneId ?? null);
}

function pageOf(zones: Circle[]): ZonePage {
  const same = <T>(value: T): T[] => zones.map(() => value);
  return {
    zoneId: zones.map(({ zoneId }) => zoneId),
    latitude: zones.map(({ centre }) => centre.latitude),
    longitude: zones.map(({ centre }) => centre.longitude),
    radiusMeters: zones.map(({ radiusMeters }) => radiusMeters),
    operatorId: same(ZONE.operatorId),
    name: same(ZONE.name),
    timeZone: same(ZONE.timeZone),
    countryCode: same(ZONE.countryCode),
    regionCode: same(ZONE.regionCode),
    version: same(ZONE.version),
    createTime: same(0),
  };
}

function model(zones: Circle[], point: Point): string | null {
  const covering = zones
    .map((zone) => ({ ...zone, meters: greatCircleMeters(zone.centre, point) }))
    .filter(({ meters, radiusMeters }) => meters <= radiusMeters)
    .sort((a, b) => a.meters - b.meters || a.radiusMeters - b.radiusMeters || (a.zoneId < b.zoneId ? -1 : 1));
  return covering[0]?.zoneId ?? null;
}

/** With these zones and no others, for as long as it takes. */
async function found(zones: Circle[], points: Point[]): Promise<(string | null)[]> {
  const row = z.object({ zoneId: z.string().nullable() });
  return database.all.transaction(async (tx) => {
    await tx.query(sql.unsafe`set local enable_seqscan = off`);
    await tx.query(sql.unsafe`delete from zone`);
    await tx.query(sql.unsafe`
      insert into zone
        (zone_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
      select "zoneId", "zoneId"::text, (centre ->> 'latitude')::float8, (centre ->> 'longitude')::float8,
        "radiusMeters", 'UTC', 'DE', '', now()
      from jsonb_to_recordset(${JSON.stringify(zones)}::jsonb) as zone ("zoneId" uuid, centre jsonb, "radiusMeters" int)
    `);
    const rows = await tx.any(sql.type(row)`
      select located.zone_id as "zoneId"
      from rows from (
        jsonb_to_recordset(${JSON.stringify(points)}::jsonb) as (latitude float8, longitude float8)
      ) with ordinality as point (latitude, longitude, place)
      left join lateral locate_zone(point.latitude, point.longitude) located on true
      order by point.place
    `);
    return rows.map(({ zoneId }) => zoneId);
  });
}
