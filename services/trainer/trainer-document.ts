import { z } from "zod";
import { sql } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Trainer } from "./trainer.ts";

/** Time off is told for so long after it has ended. */
export const PAST_TIME_OFF_HOURS = 24;

const instantText = z.string().transform((text) => Temporal.Instant.from(text));

/** A trainer with all that hangs on it, as one JSON value of a query. */
export const trainerDocument: z.ZodType<Trainer> = z.object({
  trainerId: z.string(),
  operatorId: z.string(),
  franchiseId: z.string().nullable(),
  name: z.string(),
  status: z.enum(["active", "suspended", "left"]),
  timeZone: z.string(),
  base: z.object({ latitude: z.number(), longitude: z.number() }),
  travelRadiusMeters: z.number(),
  bufferMinutes: z.number(),
  dailySessionLimit: z.number(),
  workingHours: z.array(
    z.object({ dayOfWeek: z.literal([1, 2, 3, 4, 5, 6, 7]), startTime: z.string(), endTime: z.string() }),
  ),
  qualifications: z.array(z.object({ courseId: z.string(), fromDate: z.string(), untilDate: z.string().nullable() })),
  timeOff: z.array(z.object({ timeOffId: z.string(), startTime: instantText, endTime: instantText, note: z.string() })),
  version: z.number(),
  createTime: instantText,
});

/** What hangs on a trainer and is read only where it is asked for. */
export type DocumentParts = ReadonlySet<string>;

const PARTS: DocumentParts = new Set(["workingHours", "qualifications", "timeOff"]);

/**
 * The document of the trainer row `t`: a read of many trainers stays one statement, their children included. Parts that
 * are not asked for are empty.
 */
export function documentOf(now: Temporal.Instant, parts: DocumentParts = PARTS) {
  const nothing = sql.fragment`'[]'::json`;
  return sql.fragment`json_build_object(
    'trainerId', t.trainer_id,
    'operatorId', t.operator_id,
    'franchiseId', t.franchise_id,
    'name', t.name,
    'status', t.status,
    'timeZone', t.time_zone,
    'base', json_build_object('latitude', t.base_latitude, 'longitude', t.base_longitude),
    'travelRadiusMeters', t.travel_radius_meters,
    'bufferMinutes', t.buffer_minutes,
    'dailySessionLimit', t.daily_session_limit,
    'workingHours', ${parts.has("workingHours") ? workingHours : nothing},
    'qualifications', ${parts.has("qualifications") ? qualifications : nothing},
    'timeOff', ${parts.has("timeOff") ? timeOffEndedAfter(now.subtract({ hours: PAST_TIME_OFF_HOURS })) : nothing},
    'version', t.version,
    'createTime', t.create_time
  )`;
}

const workingHours = sql.fragment`(
  select coalesce(json_agg(json_build_object(
    'dayOfWeek', w.day_of_week,
    'startTime', left(w.start_time::text, 5),
    'endTime', left(w.end_time::text, 5)
  ) order by w.day_of_week, w.start_time), '[]')
  from working_hours w where w.operator_id = t.operator_id and w.trainer_id = t.trainer_id
)`;

const qualifications = sql.fragment`(
  select coalesce(json_agg(json_build_object(
    'courseId', q.course_id, 'fromDate', q.from_date, 'untilDate', q.until_date
  ) order by q.course_id), '[]')
  from qualification q where q.operator_id = t.operator_id and q.trainer_id = t.trainer_id
)`;

function timeOffEndedAfter(time: Temporal.Instant) {
  return sql.fragment`(
    select coalesce(json_agg(json_build_object(
      'timeOffId', o.time_off_id, 'startTime', o.start_time, 'endTime', o.end_time, 'note', o.note
    ) order by o.start_time, o.time_off_id), '[]')
    from time_off o
    where o.operator_id = t.operator_id and o.trainer_id = t.trainer_id and o.end_time > ${time.toString()}::timestamptz
  )`;
}

/** True for the rows `t` that the caller may see. */
export function visibleTrainers(visible: Visible) {
  switch (visible.of) {
    case "everybody":
      return sql.fragment`true`;
    case "operator":
      return sql.fragment`t.operator_id = ${visible.operatorId}::uuid`;
    case "trainer":
      return sql.fragment`t.trainer_id = ${visible.trainerId}::uuid`;
    case "nobody":
      return sql.fragment`false`;
  }
}
