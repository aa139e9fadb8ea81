import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import type { Trainer } from "./trainer.ts";
import { type DocumentParts, documentOf, trainerDocument } from "./trainer-document.ts";

export interface Search {
  courseId: string;
  operatorId: string;
  point: { latitude: number; longitude: number };
  dates: readonly string[];
  maxResults: number;
  parts: DocumentParts;
}

export interface SearchResult {
  matches: { trainer: Trainer; distanceMeters: number }[];
  active: number;
  teachCourse: number;
  sameOperator: number;
  qualifiedOnEveryDate: number;
  reachPoint: number;
}

/** As search_count names all active trainers, whatever they teach. */
const ALL_COURSES = "00000000-0000-0000-0000-000000000000";

const resultRow: z.ZodType<SearchResult> = z.object({
  matches: z.array(z.object({ trainer: trainerDocument, distanceMeters: z.number() })),
  active: z.number(),
  teachCourse: z.number(),
  sameOperator: z.number(),
  qualifiedOnEveryDate: z.number(),
  reachPoint: z.number(),
});

/**
 * One statement whatever it finds. The funnel is made of counts that are kept; distances are computed of those
 * trainers only whose reach, as a box in another index, holds the point.
 */
export function searchTrainers(db: Database, search: Search, now: Temporal.Instant): Promise<SearchResult> {
  const { courseId, operatorId, maxResults } = search;
  const { latitude, longitude } = search.point;
  return db.one(sql.type(resultRow)`
    with counted as (
      select
        coalesce(sum(difference) filter (where course_id = ${ALL_COURSES}::uuid), 0)::bigint as active,
        coalesce(sum(difference) filter (where course_id = ${courseId}::uuid), 0)::bigint as teach_course,
        coalesce(sum(difference) filter (
          where course_id = ${courseId}::uuid and operator_id = ${operatorId}::uuid
        ), 0)::bigint as same_operator
      from search_count where course_id in (${ALL_COURSES}::uuid, ${courseId}::uuid)
    ), measured as materialized (
      select t.operator_id, t.trainer_id, t.travel_radius_meters,
        great_circle_meters(t.base_latitude, t.base_longitude, ${latitude}::float8, ${longitude}::float8) as distance
      from trainer t join qualification q on q.operator_id = t.operator_id and q.trainer_id = t.trainer_id
      where t.status = 'active' and t.operator_id = ${operatorId}::uuid and ${boundsHold(search.point)}
        and q.course_id = ${courseId}::uuid and q.active and ${qualifiedOn(search.dates)}
    ), reached as (
      select operator_id, trainer_id, distance from measured where distance <= travel_radius_meters
    ), nearest as (
      select operator_id, trainer_id, distance from reached order by distance, trainer_id limit ${maxResults}
    )
    select
      counted.active,
      counted.teach_course as "teachCourse",
      counted.same_operator as "sameOperator",
      counted.same_operator - ${unqualified(search)} as "qualifiedOnEveryDate",
      (select count(*) from reached) as "reachPoint",
      (
        select coalesce(json_agg(json_build_object(
          'trainer', ${documentOf(now, search.parts)}, 'distanceMeters', n.distance
        ) order by n.distance, n.trainer_id), '[]')
        from nearest n join trainer t on t.operator_id = n.operator_id and t.trainer_id = n.trainer_id
      ) as matches
    from counted
  `);
}

/** Qualified on every date is qualified on the first and on the last. */
function qualifiedOn(dates: readonly string[]) {
  const ends = endsOf(dates);
  if (!ends) return sql.fragment`true`;
  return sql.fragment`from_date <= ${ends.first}::date and (until_date is null or until_date >= ${ends.last}::date)`;
}

/** Each count is a range of an index of its own. */
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

/** A point has a second longitude, a whole turn away, under which the boxes over the antimeridian hold it. */
function boundsHold({ latitude, longitude }: Search["point"]) {
  const turned = longitude > 0 ? longitude - 360 : longitude + 360;
  const boxAt = (x: number) =>
    sql.fragment`box(point(${x}::float8, ${latitude}::float8), point(${x}::float8, ${latitude}::float8))`;
  return sql.fragment`(t.reach @> ${boxAt(longitude)} or t.reach @> ${boxAt(turned)})`;
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
