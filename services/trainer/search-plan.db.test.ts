import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { runInCall } from "../runtime/call-context.ts";
import { type Database, sql } from "../runtime/database.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import { findMatches, type Search } from "./search-query.ts";

/** The franchises, by where their trainers are and how many they have. */
const [CROWD, LARGER_CROWD, SPREAD] = [1, 2, 3].map((index) => `ffffffff-0000-7000-8000-00000000000${index}`) as [
  string,
  string,
  string,
];
/** Taught by all; by one in a hundred; by all, but no longer. */
const [COMMON, RARE, PAST] = [1, 2, 3].map((index) => `eeeeeeee-0000-7000-8000-00000000000${index}`) as [
  string,
  string,
  string,
];
const CROWD_SIZE = 4_000;
const LARGER_SIZE = 16_000;
const point = { latitude: 50, longitude: 8 };
const explained = z.array(
  z.object({ Plan: z.object({ "Shared Hit Blocks": z.number(), "Shared Read Blocks": z.number() }) }),
);

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
  await trainers(CROWD, CROWD_SIZE, 0.2);
  await trainers(LARGER_CROWD, LARGER_SIZE, 0.2);
  await trainers(SPREAD, LARGER_SIZE, 8);
  await database.all.query(sql.unsafe`
    insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
    select operator_id, trainer_id, course_id::uuid, '2020-01-01', until_date::date
    from (select *, row_number() over () as number from trainer) t,
      (values (${COMMON}, null, 1), (${RARE}, null, 100), (${PAST}, '2021-01-01', 1)) c (course_id, until_date, every)
    where number % every = 0
  `);
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query("vacuum analyze");
  await owner.end();
}, 120_000);

afterAll(() => database?.close());

test("to walk through a crowd that reaches the point reads no more when it is four times as large", async () => {
  const walked = (crowd: string) => blocksRead(crowd, COMMON, { step: 0 });
  expect(await walked(LARGER_CROWD)).toBeLessThan(1.5 * (await walked(CROWD)));
});

test("all who are qualified are measured in an index, without looking at trainers", async () => {
  expect(await blocksRead(LARGER_CROWD, COMMON, { step: 1000 })).toBeLessThan(LARGER_SIZE / 10);
});

test("few who are qualified among many who reach the point are found without looking at the many", async () => {
  expect(await blocksRead(LARGER_CROWD, RARE)).toBeLessThan(LARGER_SIZE / 10);
});

test("those whose qualification has ended are not looked at one by one", async () => {
  expect(await blocksRead(LARGER_CROWD, PAST)).toBeLessThan(LARGER_SIZE / 10);
});

test("among many who are spread out the few who reach the point are found in the index", async () => {
  expect(await blocksRead(SPREAD, COMMON)).toBeLessThan(LARGER_SIZE / 10);
});

test.each([
  ["a crowd", LARGER_CROWD, COMMON],
  ["few who teach a course", LARGER_CROWD, RARE],
  ["those who are spread out", SPREAD, COMMON],
])("an operator's own search among %s reads no more than an administrator's", async (_, operatorId, courseId) => {
  const asAdmin = await blocksRead(operatorId, courseId, { maxResults: 1000 });
  const search = () => blocksRead(operatorId, courseId, { maxResults: 1000, db: database.db });
  expect(await inCallOf(operatorId, search)).toBeLessThan(1.2 * asAdmin);
});

test.each([
  ["measured_trainers", ""],
  ["nearest_trainers", ", 8, 1001"],
  ["walked_trainers", ", 8, 1001"],
])("%s tells an operator nothing of another, and nobody anything", async (name, more) => {
  const asked = (client: Database) =>
    client.oneFirst(
      sql.type(z.object({ count: z.number() }))`
        select count(*) from ${sql.identifier([name])}(${CROWD}::uuid, ${RARE}::uuid, null, null, 50, 8${raw(more)})
      `,
    );
  expect(await asked(database.all)).toBe(CROWD_SIZE / 100);
  expect(await inCallOf(CROWD, () => asked(database.db))).toBe(CROWD_SIZE / 100);
  expect(await inCallOf(SPREAD, () => asked(database.db))).toBe(0);
  expect(await asked(database.db)).toBe(0);
});

function raw(text: string) {
  return { ...sql.fragment``, sql: text };
}

function inCallOf<T>(operatorId: string, work: () => T): T {
  const caller = { subject: "operator", role: Role.OPERATOR, claims: { operator_id: operatorId } };
  return runInCall({ signal: new AbortController().signal, caller }, work);
}

/** How many blocks the database touches to answer a search for the nearest few. */
async function blocksRead(
  operatorId: string,
  courseId: string,
  { db = database.all, step, maxResults = 10 }: { db?: Database; step?: number; maxResults?: number } = {},
): Promise<number> {
  const search = { operatorId, courseId, point, dates: ["2026-07-01"], maxResults };
  const row = z.object({ "QUERY PLAN": explained });
  const plan = await db.one(sql.type(row)`explain (analyze, buffers, format json) ${await statementOf(search, step)}`);
  const blocks = plan["QUERY PLAN"][0]?.Plan;
  return (blocks?.["Shared Hit Blocks"] ?? 0) + (blocks?.["Shared Read Blocks"] ?? 0);
}

/** What a search asks the database. */
async function statementOf(search: Search, step?: number) {
  const asked: Parameters<Database["one"]>[0][] = [];
  const listening = new Proxy(database.all, {
    get: (target, name, receiver) =>
      name === "one"
        ? (query: Parameters<Database["one"]>[0]) => asked.push(query)
        : Reflect.get(target, name, receiver),
  });
  await findMatches(listening, search, step);
  const [statement] = asked;
  if (!statement) throw new Error("nothing was asked");
  return statement;
}

/** Trainers who travel 50 km, within so many degrees of the point. */
async function trainers(franchiseId: string, count: number, degrees: number): Promise<void> {
  await database.all.query(sql.unsafe`
    insert into franchise (franchise_id, name, country_code, create_time)
    values (${franchiseId}, ${franchiseId}, 'DE', now())
  `);
  await database.all.query(sql.unsafe`
    insert into trainer (trainer_id, franchise_id, name, time_zone, base_latitude, base_longitude,
      travel_radius_meters, buffer_minutes, daily_session_limit, create_time)
    select gen_random_uuid(), ${franchiseId}::uuid, 'Ada', 'UTC',
      ${point.latitude} + ${degrees}::float8 * (n % 101 - 50) / 50, ${point.longitude} + ${degrees}::float8 * (n % 97 - 48) / 48,
      50000, 15, 6, now()
    from generate_series(1, ${count}) n
  `);
}
