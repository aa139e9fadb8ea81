import { randomUUID } from "node:crypto";
import pg from "pg";
import type { Candidate } from "../../booking/candidate.ts";
import type { Point } from "../../booking/point.ts";
import { rank, type Workload } from "../../booking/ranking.ts";
import { expand, type Schedule } from "../../booking/schedule.ts";

/** What is asked for, as BookPurchase has it. */
export interface UsualWish {
  studentId: string;
  courseId: string;
  location: Point;
  schedule: Schedule;
}

/**
 * Booking the usual way, as a team that knows its trade writes it: trainers, hours and lessons in one database, each read
 * in bulk by one statement that an index serves; the same rules and the same score as ours, in the same code; the lessons
 * written by one statement under a constraint of the database, and the next trainer tried when somebody was quicker.
 * There is no service in between, no token, no decision and no record of who did it.
 */
export async function bookTheUsualWay(pool: pg.Pool, wish: UsualWish): Promise<string> {
  const { zone, course } = await findPlace(pool, wish);
  const now = Temporal.Now.instant();
  const slots = expand(wish.schedule, course, zone.timeZone, now);
  const times = {
    starts: slots.map(({ startTime }) => startTime.toString()),
    ends: slots.map(({ endTime }) => endTime.toString()),
  };
  const candidates = await findTrainers(pool, wish, zone.operatorId, times);
  const workloads = await findWorkloads(pool, wish.studentId, candidates, times);
  const { ranked } = rank({ ...wish, operatorId: zone.operatorId, slots }, candidates, workloads);
  for (const { candidate } of ranked) {
    const purchaseId = await insert(pool, { ...wish, zoneId: zone.zoneId, candidate, ...times });
    if (purchaseId) return purchaseId;
  }
  throw new Error("nobody is free");
}

interface Times {
  starts: string[];
  ends: string[];
}

async function findPlace(pool: pg.Pool, { location: { latitude, longitude }, courseId }: UsualWish) {
  const { rows } = await pool.query(
    `select z.zone_id as "zoneId", z.operator_id as "operatorId", z.time_zone as "timeZone",
       c.session_count as "sessionCount", c.session_minutes as "sessionMinutes"
     from zone z, course c
     where z.bounds @> box(point($2, $1), point($2, $1)) and c.course_id = $3
     order by (z.latitude - $1) ^ 2 + ((z.longitude - $2) * cosd($1)) ^ 2 limit 1`,
    [latitude, longitude, courseId],
  );
  const [row] = rows;
  return { zone: row, course: row };
}

/** Everybody who teaches the course, with all that the rules ask for, each kind of it by one statement. */
async function findTrainers(
  pool: pg.Pool,
  { courseId, location }: UsualWish,
  operatorId: string,
  { starts, ends }: Times,
): Promise<Candidate[]> {
  const { rows: trainers } = await pool.query(
    `select t.trainer_id as "trainerId", 1 as version, t.operator_id as "operatorId", t.name, t.active,
       t.time_zone as "timeZone", t.latitude, t.longitude, t.travel_radius_meters as "travelRadiusMeters",
       t.buffer_minutes as "bufferMinutes", t.daily_session_limit as "dailySessionLimit",
       q.from_date::text as "fromDate", q.until_date::text as "untilDate"
     from trainer t join qualification q using (trainer_id)
     where q.course_id = $1 and t.operator_id = $2 and t.active
       and abs(t.latitude - $3) * 111 <= t.travel_radius_meters / 1000.0 + 1`,
    [courseId, operatorId, location.latitude],
  );
  const ids = trainers.map(({ trainerId }) => trainerId);
  const [{ rows: hours }, { rows: off }] = await Promise.all([
    pool.query(
      `select trainer_id as "trainerId", day_of_week as "dayOfWeek",
         (extract(epoch from start_time) / 60)::int as "startMinute", (extract(epoch from end_time) / 60)::int as "endMinute"
       from working_hours where trainer_id = any ($1)`,
      [ids],
    ),
    pool.query(
      `select trainer_id as "trainerId", lower(during)::text as "startTime", upper(during)::text as "endTime"
       from time_off where trainer_id = any ($1) and during && tstzrange($2, $3)`,
      [ids, starts[0], ends.at(-1)],
    ),
  ]);
  const hoursOf = Map.groupBy(hours, ({ trainerId }) => trainerId);
  const offOf = Map.groupBy(off, ({ trainerId }) => trainerId);
  return trainers.map(({ latitude, longitude, fromDate, untilDate, ...trainer }) => ({
    ...trainer,
    base: { latitude, longitude },
    workingHours: hoursOf.get(trainer.trainerId) ?? [],
    qualifications: [{ courseId, fromDate, untilDate }],
    timeOff: (offOf.get(trainer.trainerId) ?? []).map(({ startTime, endTime }) => ({
      startTime: Temporal.Instant.from(startTime),
      endTime: Temporal.Instant.from(endTime),
    })),
  }));
}

/** How much each has to give yet, and how many of the times are taken. */
async function findWorkloads(
  pool: pg.Pool,
  studentId: string,
  candidates: Candidate[],
  { starts, ends }: Times,
): Promise<Map<string, Workload>> {
  const { rows } = await pool.query<Workload>(WORKLOADS, [
    candidates.map(({ trainerId }) => trainerId),
    candidates.map(({ bufferMinutes }) => bufferMinutes),
    starts,
    ends,
    studentId,
  ]);
  return new Map(rows.map((row) => [row.trainerId, row]));
}

const WORKLOADS = `
  select
    c.trainer_id as "trainerId",
    (
      select count(*)::int from lesson l where l.trainer_id = c.trainer_id and l.start_time > now()
    ) as "bookedSessionCount",
    (
      select count(*)::int from unnest($3::timestamptz[], $4::timestamptz[]) as s (start_time, end_time)
      where exists (
        select from lesson l
        where l.trainer_id = c.trainer_id
          and l.occupied && tstzrange(s.start_time, s.end_time + make_interval(mins => c.buffer_minutes))
      )
    ) as "clashingSessionCount",
    null::integer as "overDailyLimit",
    exists (select from purchase p where p.student_id = $5 and p.trainer_id = c.trainer_id) as "taughtBefore"
  from unnest($1::uuid[], $2::int[]) as c (trainer_id, buffer_minutes)`;

/** Days of the trainer's on which the new lessons are too many. */
const OVER_DAILY_LIMIT = `
  select (start_time at time zone $2)::date as day from lesson
  where trainer_id = $1 and start_time between $4::timestamptz - interval '1 day' and $5::timestamptz + interval '1 day'
  group by day having count(*) > $3 and bool_or(purchase_id = $6)`;

/** Null when the trainer or the student has been booked meanwhile. */
async function insert(
  pool: pg.Pool,
  booking: UsualWish & Times & { zoneId: string; candidate: Candidate },
): Promise<string | null> {
  const purchaseId = randomUUID();
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query(
      `insert into purchase (purchase_id, request_id, student_id, course_id, trainer_id, zone_id)
       values ($1, gen_random_uuid(), $2, $3, $4, $5)`,
      [purchaseId, booking.studentId, booking.courseId, booking.candidate.trainerId, booking.zoneId],
    );
    await client.query(
      `insert into lesson (purchase_id, sequence, student_id, trainer_id, start_time, end_time, occupied)
       select $1, number, $2, $3, s, e, tstzrange(s, e + make_interval(mins => $4))
       from unnest($5::timestamptz[], $6::timestamptz[]) with ordinality as t (s, e, number)`,
      [
        purchaseId,
        booking.studentId,
        booking.candidate.trainerId,
        booking.candidate.bufferMinutes,
        booking.starts,
        booking.ends,
      ],
    );
    const { rowCount } = await client.query(OVER_DAILY_LIMIT, [
      booking.candidate.trainerId,
      booking.candidate.timeZone,
      booking.candidate.dailySessionLimit,
      booking.starts[0],
      booking.ends.at(-1),
      purchaseId,
    ]);
    await client.query(rowCount === 0 ? "commit" : "rollback");
    return rowCount === 0 ? purchaseId : null;
  } catch (error) {
    await client.query("rollback");
    if (error instanceof pg.DatabaseError && ["23P01", "40P01", "40001"].includes(error.code ?? "")) return null;
    throw error;
  } finally {
    client.release();
  }
}
