import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import pg from "pg";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { TrainerSchema } from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import {
  SearchTrainersRequestSchema,
  SearchTrainersResponseSchema,
} from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { runInCall } from "../../runtime/call-context.ts";
import { type Database, openDatabase, sql } from "../../runtime/database.ts";
import { startPostgres } from "../../runtime/embedded-postgres.ts";
import { encodeMessage } from "../../runtime/encoded-message.ts";
import { migrateService } from "../../runtime/migrations.ts";
import { provisionService } from "../../runtime/provision.ts";
import { tenantDatabase } from "../../runtime/tenancy.ts";
import { createEncodedTrainers } from "../../trainer/encoded-trainers.ts";
import { visibleTo } from "../../trainer/operator.ts";
import { searchTrainers } from "../../trainer/search-trainers.ts";
import { type Figure, median, rounded } from "../figure.ts";
import { paired } from "../paired.ts";

const TRAINERS = 50_000;
/** From each point, so that what is told is how long it takes a process that has done it before. */
const SEARCHES_A_ROUND = 5;
/** An operator's trainers: all over a country of 890 by 1000 km, or within 28 km of one place, which most of them reach. */
const SPREAD = {
  operatorId: "0f000000-0000-7000-8000-000000000001",
  points: [
    { latitude: 52.5, longitude: 13.4 },
    { latitude: 48.1, longitude: 11.6 },
    { latitude: 50, longitude: 8 },
  ],
  latitude: { from: 47, degrees: 8 },
  longitude: { from: 6, degrees: 12 },
};
const CROWD = {
  operatorId: "0f000000-0000-7000-8000-000000000002",
  points: [{ latitude: 50, longitude: 8 }],
  latitude: { from: 49.75, degrees: 0.5 },
  longitude: { from: 7.65, degrees: 0.7 },
};
const courseIds = [1, 2, 3].map((number) => `0e000000-0000-7000-8000-00000000000${number}`);
/** Taught by one trainer in ten. */
const SOME_COURSE = "0e000000-0000-7000-8000-000000000004";
const dates = Array.from({ length: 30 }, (_, day) => `2026-0${1 + Math.floor(day / 10)}-${10 + (day % 10)}`);
/** Everything but what hangs on a trainer. */
const readMask = {
  paths: TrainerSchema.fields.filter(({ fieldKind }) => fieldKind !== "list").map(({ name }) => name),
};
const masked = "with a read mask without what hangs on them";

const usual = { courseId: courseIds[0] ?? "", maxResults: 1000, role: Role.ADMIN, unread: false };
const SEARCHES = [
  { ...usual, figure: "search-trainers", shape: SPREAD, words: "whole" },
  { ...usual, figure: "search-trainers-masked", shape: SPREAD, readMask, words: masked },
  { ...usual, figure: "search-crowd", shape: CROWD, maxResults: 100, words: "whole" },
  {
    ...usual,
    ...{ figure: "search-crowd-unread", shape: CROWD, maxResults: 100, unread: true },
    words: "none of whom has been read before",
  },
  { ...usual, figure: "search-crowd-masked", shape: CROWD, readMask, words: masked },
  {
    ...usual,
    figure: "search-some",
    shape: CROWD,
    courseId: SOME_COURSE,
    maxResults: 100,
    words: "5,000 of whom teach it",
  },
  { ...usual, figure: "search-operator", shape: SPREAD, role: Role.OPERATOR, words: "by the operator itself" },
  {
    ...usual,
    ...{ figure: "search-operator-crowd", shape: CROWD, role: Role.OPERATOR, maxResults: 100 },
    words: "by the operator itself",
  },
];

/** Searching among many trainers of one operator. */
export async function* searchFigures(): AsyncGenerator<Figure> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cadre-bench-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const postgres = await startPostgres({ directory: join(folder, "data"), port: 0, password: "bench" });
  stack.defer(() => postgres.stop());
  const passwords = { ownerPassword: "bench", appPassword: "bench" };
  const urls = await provisionService({ adminUrl: postgres.url, service: "trainer", ...passwords });
  await migrateService(urls.migrationDatabaseUrl, new URL("../../trainer/migrations/", import.meta.url));
  const open = (url: string) => openDatabase(url, { maxConnections: 2, applicationName: "bench" });
  const db = tenantDatabase(await open(urls.databaseUrl), await open(urls.serviceDatabaseUrl));
  stack.defer(() => db.end());
  await fill(db.asService(), urls.migrationDatabaseUrl);

  for (const search of SEARCHES) {
    const { figure, shape, words } = search;
    let found = 0;
    const ours = async () => {
      const { ms, matches } = await timedSearches(db, search);
      found = matches;
      return ms;
    };
    const sides = await paired(ours, () => everyTrainer(db.asService(), shape.operatorId));
    yield {
      figure,
      ours: rounded(sides.ours),
      theirs: rounded(sides.theirs),
      unit: "ms",
      ratio: rounded(sides.ours),
      must: 20,
      holds: sides.ours <= 20,
      note: `${found} found among ${TRAINERS} trainers of one operator, ${words}, encoded / counting and measuring every trainer; must is in ms`,
    };
  }
}

async function timedSearches(
  db: Database,
  { shape: { operatorId, points }, role, unread, ...what }: (typeof SEARCHES)[number],
): Promise<{ ms: number; matches: number }> {
  const caller = { subject: "bench", role, claims: { operator_id: operatorId } };
  const call = { signal: new AbortController().signal, caller };
  const reader = { visible: visibleTo(caller), now: Temporal.Now.instant() };
  const kept = createEncodedTrainers(db);
  const search = async (point: (typeof points)[number]) => {
    const encoded = unread ? createEncodedTrainers(db) : kept;
    const request = create(SearchTrainersRequestSchema, { operatorId, point, dates, ...what });
    const start = performance.now();
    const answer = await runInCall(call, () => searchTrainers({ db, encoded }, request, reader));
    const bytes = Buffer.concat(encodeMessage(SearchTrainersResponseSchema, answer).pieces);
    const ms = performance.now() - start;
    return { ms, matches: fromBinary(SearchTrainersResponseSchema, bytes).matches.length };
  };
  for (const point of points) await search(point);
  const searches = [];
  for (let round = 0; round < SEARCHES_A_ROUND; round += 1) {
    for (const point of points) searches.push(await search(point));
  }
  return { ms: median(searches.map(({ ms }) => ms)), matches: searches.at(-1)?.matches ?? 0 };
}

async function everyTrainer(db: Database, operatorId: string): Promise<number> {
  const start = performance.now();
  await db.query(sql.unsafe`
    select count(*), count(*) filter (where distance <= travel_radius_meters) from (
      select t.travel_radius_meters, great_circle_meters(t.base_latitude, t.base_longitude, 50, 8) as distance
      from trainer t join qualification q using (operator_id, trainer_id)
      where t.status = 'active' and t.operator_id = ${operatorId}::uuid and q.course_id = ${courseIds[0] ?? ""}::uuid
        and q.from_date <= '2026-01-10' and coalesce(q.until_date, 'infinity') >= '2026-03-19'
      offset 0
    ) as measured
  `);
  return performance.now() - start;
}

async function fill(db: Database, ownerUrl: string): Promise<void> {
  for (const { operatorId, latitude, longitude } of [SPREAD, CROWD]) {
    await db.query(sql.unsafe`
      insert into franchise (franchise_id, name, country_code, create_time)
      values (${operatorId}, ${operatorId}, 'DE', now())
    `);
    await db.query(sql.unsafe`
      insert into trainer (trainer_id, franchise_id, name, time_zone, base_latitude, base_longitude,
        travel_radius_meters, buffer_minutes, daily_session_limit, create_time)
      select gen_random_uuid(), ${operatorId}::uuid, 'Trainer ' || n, 'Europe/Berlin',
        ${latitude.from}::float8 + random() * ${latitude.degrees}::float8,
        ${longitude.from}::float8 + random() * ${longitude.degrees}::float8, 5000 + random() * 35000, 15, 6, now()
      from generate_series(1, ${TRAINERS}) n
    `);
  }
  await db.query(sql.unsafe`
    insert into working_hours (operator_id, trainer_id, day_of_week, start_time, end_time)
    select operator_id, trainer_id, day, '09:00', '17:00' from trainer, generate_series(1, 5) day
  `);
  await db.query(sql.unsafe`
    insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
    select operator_id, trainer_id, course_id, '2020-01-01', null
    from trainer, unnest(${sql.array(courseIds, "uuid")}) course_id
  `);
  await db.query(sql.unsafe`
    insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
    select operator_id, trainer_id, ${SOME_COURSE}::uuid, '2020-01-01', null
    from (select *, row_number() over (partition by operator_id) as number from trainer) t where number % 10 = 0
  `);
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  await owner.query("vacuum analyze");
  await owner.end();
}
