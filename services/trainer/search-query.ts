import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";

export interface Search {
  courseId: string;
  operatorId: string;
  point: { latitude: number; longitude: number };
  dates: readonly string[];
  maxResults: number;
  /** The last one of the page before. */
  after?: PageEnd | null;
}

/** Where a page of matches ends, and how many there are up to there. */
export interface PageEnd {
  distanceMeters: number;
  trainerId: string;
  rank: number;
}

/** Who was found, and the version that was looked at. */
export interface Match {
  trainerId: string;
  version: number;
  distanceMeters: number;
}

export interface SearchResult {
  matches: Match[];
  active: number;
  teachCourse: number;
  sameOperator: number;
  qualifiedOnEveryDate: number;
  reachPoint: number;
  /** Others come after these matches. */
  more: boolean;
}

/** As search_count names all active trainers, whatever they teach. */
const ALL_COURSES = "00000000-0000-0000-0000-000000000000";

/** To come by somebody takes so many times as long as to measure somebody: 7 µs instead of 0.5. */
const STEP = 14;

/** One more than can be asked for: of those who reach the point no more are counted. */
const COUNTED = 1_001;

/** Looked up one by one: behind a policy the planner would read all trainers to join them. */
const versionOfNearest = sql.fragment`(
  select t.version from trainer t where t.operator_id = n.operator_id and t.trainer_id = n.trainer_id
)`;

const resultRow: z.ZodType<SearchResult> = z.object({
  matches: z.string().transform(matchesOf),
  active: z.number(),
  teachCourse: z.number(),
  sameOperator: z.number(),
  qualifiedOnEveryDate: z.number(),
  reachPoint: z.number(),
  more: z.boolean(),
});

/**
 * One statement whatever it finds. The funnel is made of counts that are kept. Where few are qualified, each of them is
 * measured; of many, those who reach the point are walked through from the nearest on, in an index, until there are
 * enough. The fewer are qualified, the more one comes by who are not: all of the operator's may reach the point. `step`
 * decides between the two.
 */
export function findMatches(db: Database, search: Search, step = STEP): Promise<SearchResult> {
  const { courseId, operatorId, maxResults, after } = search;
  return db.one(sql.type(resultRow)`
    with counted as materialized (
      select
        coalesce(sum(difference) filter (where course_id = ${ALL_COURSES}::uuid), 0)::bigint as active,
        coalesce(sum(difference) filter (where course_id = ${courseId}::uuid), 0)::bigint as teach_course,
        coalesce(sum(difference) filter (
          where course_id = ${courseId}::uuid and operator_id = ${operatorId}::uuid
        ), 0)::bigint as same_operator,
        coalesce(sum(difference) filter (
          where course_id = ${ALL_COURSES}::uuid and operator_id = ${operatorId}::uuid
        ), 0)::bigint as active_of_operator,
        ${unqualified(search)} as unqualified
      from search_count where course_id in (${ALL_COURSES}::uuid, ${courseId}::uuid)
    ), way as materialized (
      select same_operator - unqualified <= sqrt(${walkedAtMost(search) * step}::float8 * active_of_operator) as measuring from counted
    ), reached as materialized (
      select operator_id, trainer_id, null::bigint as version, distance from (${measured(search)}) as m where (select measuring from way)
      union all
      select operator_id, trainer_id, version, distance from (${walked(search)}) as w where (select not measuring from way)
    ), beyond as materialized (
      select * from reached
      where ${after ? sql.fragment`(distance, trainer_id) > (${after.distanceMeters}::float8, ${after.trainerId}::uuid)` : sql.fragment`true`}
    ), nearest as (
      select * from beyond order by distance, trainer_id limit ${maxResults}
    )
    select
      counted.active,
      counted.teach_course as "teachCourse",
      counted.same_operator as "sameOperator",
      counted.same_operator - counted.unqualified as "qualifiedOnEveryDate",
      (select least(count(*), ${COUNTED}) from beyond) as "reachPoint",
      (select count(*) from beyond) > ${maxResults} or (select count(*) from reached) >= ${walkedAtMost(search)} as "more",
      (
        select coalesce(string_agg(
          concat_ws(' ', n.trainer_id, coalesce(n.version, ${versionOfNearest}), n.distance), ',' order by n.distance, n.trainer_id
        ), '')
        from nearest n
      ) as matches
    from counted
  `);
}

/** A text: as JSON, the database would spend as long on them as on finding them. */
function matchesOf(text: string): Match[] {
  if (text === "") return [];
  return text.split(",").map((match) => {
    const [trainerId = "", version, distance] = match.split(" ");
    return { trainerId, version: Number(version), distanceMeters: Number(distance) };
  });
}

/** Every one of the qualified. */
function measured({ courseId, operatorId, point: { latitude, longitude }, dates }: Search) {
  const ends = endsOf(dates);
  return sql.fragment`
    select * from measured_trainers(
      ${operatorId}::uuid, ${courseId}::uuid, ${ends?.first ?? null}::date, ${ends?.last ?? null}::date,
      ${latitude}::float8, ${longitude}::float8
    )`;
}

/** A circle that reaches round a pole holds the point under both of its longitudes. */
function walked(search: Search) {
  const {
    courseId,
    operatorId,
    point: { latitude, longitude },
    dates,
  } = search;
  const ends = endsOf(dates);
  const walkedAt = (reachLongitude: number) => sql.fragment`
    select * from walked_trainers(
      ${operatorId}::uuid, ${courseId}::uuid, ${ends?.first ?? null}::date, ${ends?.last ?? null}::date,
      ${latitude}::float8, ${longitude}::float8, ${reachLongitude}::float8, ${walkedAtMost(search)}
    )`;
  return sql.fragment`${walkedAt(longitude)} union ${walkedAt(turned(longitude))}`;
}

/** An index is walked from its beginning, whichever page is wanted. */
function walkedAtMost({ after }: Search): number {
  return (after?.rank ?? 0) + COUNTED;
}

/** Qualified on every date is qualified on the first and on the last. Each count is a range of an index of its own. */
function unqualified({ courseId, operatorId, dates }: Search) {
  const ends = endsOf(dates);
  if (!ends) return sql.fragment`0`;
  const teaching = sql.fragment`course_id = ${courseId}::uuid and operator_id = ${operatorId}::uuid and active`;
  return sql.fragment`(
    (select count(*) from qualification where ${teaching} and from_date > ${ends.first}::date)
    + (
      select count(*) from qualification
      where ${teaching} and until_date < ${ends.last}::date and from_date <= ${ends.first}::date
    )
  )`;
}

function endsOf(dates: readonly string[]): { first: string; last: string } | null {
  const [first] = dates.toSorted();
  const last = dates.toSorted().at(-1);
  return first === undefined || last === undefined ? null : { first, last };
}

function turned(longitude: number): number {
  return longitude > 0 ? longitude - 360 : longitude + 360;
}

/** Makes one row of the many that count the same; whoever counts meanwhile counts the same. */
export async function foldSearchCounts(db: Database): Promise<void> {
  await db.query(sql.unsafe`
    with many as (
      select course_id, operator_id from search_count group by course_id, operator_id having count(*) > 1
    ), gone as (
      delete from search_count c using many m
      where c.course_id = m.course_id and c.operator_id = m.operator_id
      returning c.course_id, c.operator_id, c.difference
    )
    insert into search_count
    select course_id, operator_id, sum(difference) from gone group by course_id, operator_id having sum(difference) <> 0
  `);
}
