import { z } from "zod";
import { type Database, type Queryable, sql } from "../runtime/database.ts";
import type { RequestFacts } from "./book-commands.ts";
import type { Candidate } from "./candidate.ts";
import type { Point } from "./point.ts";
import type { Workload } from "./ranking.ts";
import type { Slot } from "./schedule.ts";
import type { Advice } from "./zone-directory.ts";

const courseFacts = z.object({
  courseId: z.string(),
  name: z.string(),
  sessionCount: z.number(),
  sessionMinutes: z.number(),
});

const zoneFacts = z.object({
  zoneId: z.string(),
  operatorId: z.string(),
  franchiseId: z.string().nullable(),
  name: z.string(),
  centre: z.object({ latitude: z.number(), longitude: z.number() }),
  radiusMeters: z.number(),
  timeZone: z.string(),
  countryCode: z.string(),
  regionCode: z.string(),
  version: z.number(),
  createTime: z.string().transform((text) => Temporal.Instant.from(text)),
});

const factsRow = z.object({
  studentExists: z.boolean(),
  course: courseFacts.nullable(),
  zone: zoneFacts.nullable(),
  earlier: z.object({ digest: z.string(), answer: z.unknown(), refusal: z.unknown() }).nullable(),
});

export type CourseFacts = z.output<typeof courseFacts>;

/**
 * Everything that a booking rests on before trainers are looked at, and the answer if it was answered before. The advice
 * spares the search for the zone, and is taken only as long as no zone has changed since.
 */
export function findFacts(
  db: Database,
  wanted: { studentId: string; courseId: string; location: Point },
  advice: Advice | null,
  asked: { request: RequestFacts; now: Temporal.Instant } | null,
) {
  const { latitude, longitude } = wanted.location;
  const advised = sql.fragment`${advice?.located?.zone.zoneId ?? null}::uuid, ${advice?.version ?? null}::bigint`;
  return db.one(sql.type(factsRow)`
    select
      exists (select from student where student_id = ${wanted.studentId} and erase_time is null) as "studentExists",
      (
        select jsonb_build_object(
          'courseId', course_id, 'name', name, 'sessionCount', session_count, 'sessionMinutes', session_minutes
        )
        from course where course_id = ${wanted.courseId}
      ) as "course",
      (
        select jsonb_build_object(
          'zoneId', zone_id, 'operatorId', operator_id, 'franchiseId', franchise_id, 'name', name,
          'centre', jsonb_build_object('latitude', latitude, 'longitude', longitude), 'radiusMeters', radius_meters, 'timeZone', time_zone,
          'countryCode', country_code, 'regionCode', region_code, 'version', version, 'createTime', create_time
        )
        from locate_zone(${latitude}, ${longitude}, ${advised})
      ) as "zone",
      ${asked ? earlierAnswer(asked) : sql.fragment`null::jsonb`} as "earlier"
  `);
}

function earlierAnswer({ request, now }: { request: RequestFacts; now: Temporal.Instant }) {
  return sql.fragment`(
    select jsonb_build_object(
      'digest', encode(digest, 'hex'),
      -- Another method's answer is no JSON.
      'answer', case when digest = decode(${request.digest}, 'hex') then convert_from(response, 'UTF8')::jsonb end,
      'refusal', refusal
    )
    from idempotency
    where subject = ${request.subject} and request_id = ${request.request_id}
      and answered_at > ${now.toString()}::timestamptz - interval '24 hours'
  )`;
}

const availabilityRow = z.object({
  studentClashes: z.array(z.number()),
  workloads: z.array(
    z.object({
      trainerId: z.string(),
      bookedSessionCount: z.number(),
      clashingSessionCount: z.number(),
      overDailyLimit: z.boolean(),
      taughtBefore: z.boolean(),
    }),
  ),
});

export interface Availability {
  /** Sequences of the slots in which the student has a lesson already, with any operator. */
  studentClashes: number[];
  workloads: Workload[];
}

const NO_HOURS = sql.fragment`repeat('0', 168)::bit(168)`;

/** How free the student and all candidates are: one statement, one index scan per candidate. */
export async function findAvailability(
  db: Queryable,
  wanted: {
    operatorId: string;
    studentId: string;
    slots: Slot[];
    candidates: Candidate[];
    now: Temporal.Instant;
  },
): Promise<Availability> {
  const { operatorId, studentId, slots, candidates, now } = wanted;
  const starts = sql.array(
    slots.map(({ startTime }) => startTime.toString()),
    "timestamptz",
  );
  const ends = sql.array(
    slots.map(({ endTime }) => endTime.toString()),
    "timestamptz",
  );
  return db.one(sql.type(availabilityRow)`
    with slot as (
      select start_time, end_time, sequence
      from unnest(${starts}, ${ends}) with ordinality as slot (start_time, end_time, sequence)
    ),
    candidate as (
      select * from unnest(
        ${sql.array(
          candidates.map(({ trainerId }) => trainerId),
          "uuid",
        )},
        ${sql.array(
          candidates.map(({ timeZone }) => timeZone),
          "text",
        )},
        ${sql.array(
          candidates.map(({ bufferMinutes }) => bufferMinutes),
          "int4",
        )},
        ${sql.array(
          candidates.map(({ dailySessionLimit }) => dailySessionLimit),
          "int4",
        )}
      ) as candidate (trainer_id, time_zone, buffer_minutes, daily_session_limit)
    ),
    taken as materialized (
      select times
      from times_of_student(${studentId}, (select range_agg(tstzrange(start_time, end_time)) from slot)) as taken (times)
    ),
    taught as materialized (
      select p.trainer_id from purchase p
      where p.student_id = ${studentId} and p.operator_id = ${operatorId} and p.trainer_id is not null
      union
      select k.trainer_id from purchase p join trainer_claim k using (operator_id, purchase_id)
      where p.student_id = ${studentId} and p.operator_id = ${operatorId}
    ),
    need as (
      select buffer_minutes, range_agg(lesson) as times, array_agg(lesson) as lessons,
        bit_or(hours_of_week(lower(lesson), upper(lesson))) as hours
      from (select distinct buffer_minutes from candidate) as buffers
      cross join slot
      cross join lateral (select tstzrange(start_time, end_time + make_interval(mins => buffer_minutes))) as l (lesson)
      group by buffer_minutes
    ),
    days as (
      select time_zone, min(midnight) as from_time, bit_or(hours_of_week(midnight, midnight + interval '25 hours')) as hours
      from (select distinct time_zone from candidate) as zones
      cross join slot
      cross join lateral (
        select date_trunc('day', start_time at time zone time_zone) at time zone time_zone
      ) as d (midnight)
      group by time_zone
    ),
    -- No local day, whatever the time zone, holds more of the slots than the busiest 25 hours.
    peak as (
      select max(sessions) as sessions from (
        select count(*) over (order by start_time range between current row and '25 hours' following) as sessions
        from slot
      ) as windows
    )
    select
      array(
        select sequence from slot where exists (
          select from taken where taken.times && tstzrange(slot.start_time, slot.end_time)
        )
        order by sequence
      ) as "studentClashes",
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'trainerId', c.trainer_id,
          'bookedSessionCount', booked.sessions,
          'clashingSessionCount', case when booked.suspects is null then 0 else (
            select count(*)
            from (
              select range_agg(claim.times) filter (where claim.times && need.times) as times
              from unnest(booked.suspects) as suspect (purchase_id)
              -- "offset 0" has each looked up by its key.
              cross join lateral (
                select k.times from trainer_claim k
                where k.operator_id = ${operatorId} and k.purchase_id = suspect.purchase_id
                  and k.trainer_id = c.trainer_id
                offset 0
              ) as claim
            ) as clashing
            join unnest(need.lessons) as lesson on lesson && clashing.times
          ) end,
          -- Only where the claims cannot rule it out are the sessions of each day counted.
          'overDailyLimit', case when booked.sessions_a_day + peak.sessions > c.daily_session_limit
            then over_daily_limit(${operatorId}, c.trainer_id, c.time_zone, c.daily_session_limit, ${starts})
            else false end,
          'taughtBefore', c.trainer_id in (select trainer_id from taught)
        ))
        from candidate c
        join need using (buffer_minutes)
        join days using (time_zone)
        cross join peak
        cross join lateral (
          select
            coalesce(sum(k.session_count) filter (where k.end_time > ${now.toString()}), 0)::integer as sessions,
            coalesce(sum(k.busiest) filter (where (k.hours & days.hours) <> ${NO_HOURS}), 0) as sessions_a_day,
            array_agg(k.purchase_id) filter (where (k.hours & need.hours) <> ${NO_HOURS}) as suspects
          from trainer_claim k
          where k.operator_id = ${operatorId} and k.trainer_id = c.trainer_id
            and k.end_time > least(${now.toString()}, days.from_time)
        ) as booked
      ), '[]') as "workloads"
  `);
}
