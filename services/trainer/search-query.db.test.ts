import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { sql } from "../runtime/database.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import { COMPANY_OPERATOR_ID } from "./operator.ts";
import { findMatches, foldSearchCounts, type Search } from "./search-query.ts";

const EARTH_RADIUS_METERS = 6371008.8;
const QUARTER_METERS = (Math.PI / 2) * EARTH_RADIUS_METERS;
const franchises = [id("f", 1), id("f", 2)];
const operators = [COMPANY_OPERATOR_ID, ...franchises];
const courses = [id("e", 1), id("e", 2)] as const;
const RADII = [0, 20_000, 60_000, 150_000];

interface Candidate {
  trainerId: string;
  operatorId: string;
  version: number;
  status: string;
  latitude: number;
  longitude: number;
  radius: number;
  courseId: string | null;
  fromDate: string;
  untilDate: string | null;
}

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
  await database.all.query(sql.unsafe`
    insert into franchise (franchise_id, name, country_code, create_time)
    select id, id::text, 'DE', now() from unnest(${sql.array(franchises, "uuid")}) as id
  `);
});

afterAll(() => database?.close());

test("search and funnel agree with a model that looks at every trainer", async () => {
  const random = seeded(20260601);
  const trainers = Array.from({ length: 400 }, (_, index) => candidate(index, random));
  await given(trainers);

  for (let round = 0; round < 60; round++) {
    if (round % 20 === 10) await moved(trainers, random);
    if (round === 30) await foldSearchCounts(database.all);
    const search = searchAmong(random);
    // However many are few, the answer is the same.
    const found = await findMatches(database.all, search, round % 2 === 0 ? 0 : 1000);
    const expected = model(trainers, search);
    const { matches, more, ...funnel } = found;
    expect(more).toBe(expected.funnel.reachPoint > matches.length);
    expect(funnel).toEqual(expected.funnel);
    expect(matches.map(({ trainerId }) => trainerId)).toEqual(expected.trainerIds);
    for (const { trainerId, version, distanceMeters } of matches) {
      const found = trainers.find((trainer) => trainer.trainerId === trainerId);
      expect([version, distanceMeters]).toEqual([found?.version, found && distance(found, search.point)]);
    }
  }
});

test("page after page tells everybody once, from the nearest on, also of those who are equally near", async () => {
  const random = seeded(20260701);
  const trainers = Array.from({ length: 800 }, (_, index) => candidate(1000 + index, random));
  await given(trainers);
  const all = {
    ...searchAmong(random),
    courseId: courses[0],
    operatorId: COMPANY_OPERATOR_ID,
    dates: [],
    maxResults: 1000,
  };
  const everybody = await findMatches(database.all, all);
  expect(everybody.matches.length).toBeGreaterThan(20);

  for (const few of [0, 1000]) {
    const seen: string[] = [];
    let after: Search["after"] = null;
    for (;;) {
      const search: Search = { ...all, maxResults: 3, after };
      const { matches, more, reachPoint } = await findMatches(database.all, search, few);
      expect(reachPoint).toBe(everybody.reachPoint - seen.length);
      seen.push(...matches.map(({ trainerId }) => trainerId));
      const last = matches.at(-1);
      if (!more || !last) break;
      after = { distanceMeters: last.distanceMeters, trainerId: last.trainerId, rank: seen.length };
    }
    expect(seen).toEqual(everybody.matches.map(({ trainerId }) => trainerId));
  }
});

test.each([
  ["the same place", [48.2, 16.4], [48.2, 16.4], 0],
  ["both sides of the antimeridian", [0, 179.5], [0, -179.5], QUARTER_METERS / 90],
  ["one place by two names, on the antimeridian", [-17, 180], [-17, -180], 0],
  ["the pole, under any longitude", [90, 12], [90, -140], 0],
  ["over the north pole", [89, 0], [89, 180], QUARTER_METERS / 45],
  ["over the south pole", [-89, -90], [-89, 90], QUARTER_METERS / 45],
  ["pole to equator", [90, 77], [0, -120], QUARTER_METERS],
  ["antipodes", [12.5, 33.3], [-12.5, -146.7], 2 * QUARTER_METERS],
])("distance: %s", async (_, from, to, expected) => {
  const meters = await database.all.oneFirst(
    sql.type(
      z.object({ meters: z.number() }),
    )`select great_circle_meters(${from[0] ?? 0}, ${from[1] ?? 0}, ${to[0] ?? 0}, ${to[1] ?? 0}) as meters`,
  );
  expect(meters).toBeCloseTo(expected, 2);
});

function id(letter: string, index: number): string {
  return `${letter.repeat(8)}-0000-7000-8000-${String(index).padStart(12, "0")}`;
}

/** Points in a narrow place astride the antimeridian, some of them shared, so that many are near and some are tied. */
function place(random: () => number): { latitude: number; longitude: number } {
  const degrees = 179 + Math.floor(random() * 20) / 10;
  return { latitude: -17 + Math.floor(random() * 10) / 10, longitude: degrees > 180 ? degrees - 360 : degrees };
}

function candidate(index: number, random: () => number): Candidate {
  return {
    trainerId: id("a", index),
    operatorId: pick(operators, random),
    version: 1 + index,
    status: pick(["active", "active", "active", "active", "suspended", "left"], random),
    ...place(random),
    radius: pick(RADII, random),
    courseId: pick([...courses, null], random),
    fromDate: pick(["2026-01-01", "2026-06-10"], random),
    untilDate: pick([null, "2026-07-01", "2026-06-20"], random),
  };
}

function searchAmong(random: () => number): Search {
  return {
    courseId: pick(courses, random),
    operatorId: pick(operators, random),
    point: place(random),
    dates: pick([[], ["2026-06-10"], ["2026-07-01", "2026-06-09"], ["2026-06-20", "2026-06-15", "2026-06-10"]], random),
    maxResults: pick([1, 5, 1000], random),
  };
}

function model(trainers: Candidate[], { courseId, operatorId, point, dates, maxResults }: Search) {
  const active = trainers.filter(({ status }) => status === "active");
  const teachCourse = active.filter((trainer) => trainer.courseId === courseId);
  const sameOperator = teachCourse.filter((trainer) => trainer.operatorId === operatorId);
  const qualified = sameOperator.filter(({ fromDate, untilDate }) =>
    dates.every((date) => fromDate <= date && (untilDate === null || date <= untilDate)),
  );
  const reach = qualified.filter((trainer) => distance(trainer, point) <= trainer.radius);
  const nearest = reach.toSorted(
    (one, other) => distance(one, point) - distance(other, point) || (one.trainerId < other.trainerId ? -1 : 1),
  );
  return {
    trainerIds: nearest.slice(0, maxResults).map(({ trainerId }) => trainerId),
    funnel: {
      active: active.length,
      teachCourse: teachCourse.length,
      sameOperator: sameOperator.length,
      qualifiedOnEveryDate: qualified.length,
      reachPoint: reach.length,
    },
  };
}

/** By vectors: another formula than the one under test. */
function distance(one: Search["point"], other: Search["point"]): number {
  const [a, b] = [vector(one), vector(other)];
  const cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  return Math.round(EARTH_RADIUS_METERS * 1000 * Math.atan2(Math.hypot(...cross), dot)) / 1000;
}

function vector({ latitude, longitude }: Search["point"]): [number, number, number] {
  const [phi, lambda] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}

async function given(trainers: Candidate[]): Promise<void> {
  const rows = JSON.stringify(trainers.map((row) => ({ ...row, franchiseId: franchiseOf(row.operatorId) })));
  await database.all.query(sql.unsafe`
    insert into trainer (trainer_id, franchise_id, version, name, status, time_zone, base_latitude, base_longitude,
      travel_radius_meters, buffer_minutes, daily_session_limit, create_time)
    select "trainerId", "franchiseId", version, 'Ada', status, 'UTC', latitude, longitude, radius, 0, 8, now()
    from jsonb_to_recordset(${rows}::jsonb) as row ("trainerId" uuid, "franchiseId" uuid, version bigint, status text,
      latitude float8, longitude float8, radius int)
  `);
  await database.all.query(sql.unsafe`
    insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
    select "operatorId", "trainerId", "courseId", "fromDate", "untilDate"
    from jsonb_to_recordset(${rows}::jsonb) as row ("operatorId" uuid, "trainerId" uuid, "courseId" uuid,
      "fromDate" date, "untilDate" date)
    where "courseId" is not null
  `);
}

/** Trainers come, go and come back, some move, and some lose or get what they may teach. */
async function moved(trainers: Candidate[], random: () => number): Promise<void> {
  for (const trainer of trainers.filter(() => random() < 0.2)) {
    trainer.status = pick(["active", "suspended", "left"], random);
    const { trainerId, status } = trainer;
    await database.all.query(sql.unsafe`update trainer set status = ${status} where trainer_id = ${trainerId}`);
  }
  for (const trainer of trainers.filter(() => random() < 0.2)) {
    Object.assign(trainer, place(random), { radius: pick(RADII, random) });
    const { trainerId, latitude, longitude, radius } = trainer;
    await database.all.query(sql.unsafe`
      update trainer set base_latitude = ${latitude}, base_longitude = ${longitude}, travel_radius_meters = ${radius}
      where trainer_id = ${trainerId}
    `);
  }
  for (const trainer of trainers.filter(() => random() < 0.1)) {
    const { trainerId, operatorId, fromDate } = trainer;
    await database.all.query(sql.unsafe`delete from qualification where trainer_id = ${trainerId}`);
    trainer.courseId = pick([...courses, null], random);
    trainer.untilDate = null;
    if (trainer.courseId === null) continue;
    await database.all.query(sql.unsafe`
      insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
      values (${operatorId}, ${trainerId}, ${trainer.courseId}, ${fromDate}, null)
    `);
  }
  const gone = trainers.splice(0, 10).map(({ trainerId }) => trainerId);
  await database.all.query(sql.unsafe`delete from trainer where trainer_id = any(${sql.array(gone, "uuid")})`);
}

function franchiseOf(operatorId: string): string | null {
  return operatorId === COMPANY_OPERATOR_ID ? null : operatorId;
}

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
