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

const resultRow: z.ZodType<SearchResult> = z.object({
  matches: z.array(z.object({ trainer: trainerDocument, distanceMeters: z.number() })),
  active: z.number(),
  teachCourse: z.number(),
  sameOperator: z.number(),
  qualifiedOnEveryDate: z.number(),
  reachPoint: z.number(),
});

/** One statement whatever it finds: the distance is computed once for each trainer whom only the place can still remove. */
export function searchTrainers(db: Database, search: Search, now: Temporal.Instant): Promise<SearchResult> {
  const dates = sql.array(search.dates, "date");
  const { latitude, longitude } = search.point;
  return db.one(sql.type(resultRow)`
    with teaching as (
      select t.operator_id, t.trainer_id, t.base_latitude, t.base_longitude, t.travel_radius_meters,
        t.operator_id = ${search.operatorId}::uuid as same_operator,
        q.from_date <= all(${dates}) and coalesce(q.until_date, 'infinity') >= all(${dates}) as qualified
      from qualification q join trainer t on t.operator_id = q.operator_id and t.trainer_id = q.trainer_id
      where q.course_id = ${search.courseId}::uuid and t.status = 'active'
    ), measured as materialized (
      select operator_id, trainer_id, same_operator, qualified, travel_radius_meters,
        case when same_operator and qualified
          then great_circle_meters(base_latitude, base_longitude, ${latitude}::float8, ${longitude}::float8)
        end as distance
      from teaching
    ), nearest as (
      select operator_id, trainer_id, distance
      from measured where distance <= travel_radius_meters
      order by distance, trainer_id
      limit ${search.maxResults}
    )
    select
      (select count(*) from trainer where status = 'active') as active,
      count(*) as "teachCourse",
      count(*) filter (where same_operator) as "sameOperator",
      count(*) filter (where same_operator and qualified) as "qualifiedOnEveryDate",
      count(*) filter (where distance <= travel_radius_meters) as "reachPoint",
      (
        select coalesce(json_agg(json_build_object(
          'trainer', ${documentOf(now, search.parts)}, 'distanceMeters', n.distance
        ) order by n.distance, n.trainer_id), '[]')
        from nearest n join trainer t on t.operator_id = n.operator_id and t.trainer_id = n.trainer_id
      ) as matches
    from measured
  `);
}
