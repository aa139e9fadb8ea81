import type { ClientBase } from "pg";
import type { DayOfWeek } from "../../../gen/google/type/dayofweek_pb.ts";

/** Purchases that are stored already: thirty sessions of 45 minutes each, once a week, at the hour. */
export interface Stored {
  zoneId: string;
  courseId: string;
  /** Whose ids follow from their numbers. */
  trainers: { from: number; count: number };
  /** Of each trainer: purchases of the thirty weeks from the Monday on, in a grid of at least forty hours a week. */
  running: number;
  /** Of each trainer: purchases of the years before, completed. */
  finished: number;
  /** "2026-01-05". */
  monday: string;
  /** Among how many operators they are shared out; the first is the company, and the only one if absent. */
  operators?: number;
}

export const TIME_ZONE = "Europe/Berlin";
export const BUFFER_MINUTES = 15;
export const SESSION_COUNT = 30;
export const SESSION_MINUTES = 45;

const COMPANY = "c0000000-0000-4000-8000-000000000000";
const PURCHASES_A_STATEMENT = 15_000;

/** When the first of all was made: 2024-01-01. */
const FIRST_MS = 0x18cc251f400;

/**
 * A trainer's id by its number; those of students, purchases and decisions are made alike. Ids are of version 7, each made
 * a second after the one before: GiST tells uuids apart by their first 53 bits when it chooses a page.
 */
export function trainerIdOf(number: number): string {
  return storedId("a0", number);
}

/** The first purchase of a trainer's has the number of the trainer times a hundred, and so has its student. */
export function storedId(kind: "a0" | "f0" | "01" | "02", number: number): string {
  const time = (FIRST_MS + number * 1000).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-0000000000${kind}`;
}

/** A local hour of the week: the grid of trainers' hours has 84, from seven o'clock on, days first. */
export function hourOf(slot: number): { dayOfWeek: DayOfWeek; startTime: string } {
  const days: DayOfWeek[] = [1, 2, 3, 4, 5, 6, 7];
  return { dayOfWeek: days[slot % 7] ?? 1, startTime: `${String(7 + Math.floor(slot / 7)).padStart(2, "0")}:00` };
}

/**
 * Writes them past all triggers, as a superuser, with the claims and the records that bookings leave behind. Which hours
 * of the grid are a trainer's differs from one to the next. `told` hears how many sessions there are by then.
 */
export async function storePurchases(
  client: ClientBase,
  { zoneId, courseId, trainers, running, finished, monday, operators = 1 }: Stored,
  told: (sessions: number) => void = () => undefined,
): Promise<void> {
  const each = running + finished;
  const atOnce = Math.max(1, Math.floor(PURCHASES_A_STATEMENT / each));
  await client.query("set session_replication_role = replica");
  for (let done = 0; done < trainers.count; done += atOnce) {
    const count = Math.min(atOnce, trainers.count - done);
    await client.query("begin");
    await client.query(GIVEN, [trainers.from + done, count, running, finished, operators]);
    await client.query(STUDENTS);
    await client.query(PURCHASES, [courseId, zoneId]);
    await client.query(SESSIONS_AND_CLAIMS, [monday]);
    await client.query(RECORDS);
    await client.query("commit");
    told((done + count) * each * SESSION_COUNT);
  }
  await client.query("set session_replication_role = default");
}

function idOf(kind: string, number: string): string {
  return `(lpad(to_hex(${FIRST_MS} + (${number}) * 1000), 12, '0') || '700080000000000000${kind}')::uuid`;
}

const GIVEN = `
  create temporary table given on commit drop as
  select
    ${idOf("01", "n * 100 + k")} as purchase_id, ${idOf("02", "n * 100 + k")} as student_id,
    ${idOf("03", "n * 100 + k")} as decision_id, ${idOf("a0", "n")} as trainer_id,
    case when n % $5::int <> 0 then ${idOf("f0", "n % $5::int")} end as franchise_id,
    coalesce(case when n % $5::int <> 0 then ${idOf("f0", "n % $5::int")} end, '${COMPANY}') as operator_id,
    k < $3::int as running,
    case when k < $3 then 0 else -${SESSION_COUNT} * (1 + (k - $3) / 84) end as first_week,
    case when k < $3 then ((k + n * 7) % greatest(40, $3))::integer else (k - $3) % 84 end as slot
  from generate_series($1::bigint, $1::bigint + $2::int - 1) as n
  cross join generate_series(0, $3::int + $4::int - 1) as k
  order by n, k`;

const STUDENTS = `
  insert into student (student_id, name, language, latitude, longitude, time_zone, create_time)
  select student_id, 'Ada Lovelace', 'de', 52.5, 13.4, '${TIME_ZONE}', now() from given`;

const PURCHASES = `
  insert into purchase (
    purchase_id, franchise_id, student_id, course_id, course_name, session_count, session_minutes, zone_id, time_zone, latitude,
    longitude, state, trainer_id, decision_id, completed_session_count, create_time, complete_time
  )
  select
    purchase_id, franchise_id, student_id, $1, 'Crawl for beginners', ${SESSION_COUNT}, ${SESSION_MINUTES}, $2, '${TIME_ZONE}', 52.5,
    13.4, case when running then 'assigned' else 'completed' end, trainer_id, decision_id,
    case when running then 0 else ${SESSION_COUNT} end, now(), case when not running then now() end
  from given`;

const SESSIONS_AND_CLAIMS = `
  with lesson as (
    insert into session (
      operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
      time_zone, local_start_time, state, complete_time, completed_by
    )
    select
      operator_id, purchase_id, sequence, gen_random_uuid(), student_id, trainer_id, start_time,
      start_time + interval '${SESSION_MINUTES} minutes', ${BUFFER_MINUTES}, '${TIME_ZONE}', local_start_time,
      case when running then 'scheduled' else 'completed' end,
      case when not running then start_time + interval '1 hour' end, case when not running then 'trainer' end
    from given
    cross join generate_series(1, ${SESSION_COUNT}) as sequence
    cross join lateral (
      select $1::date + 7 * (first_week + sequence - 1) + slot % 7 + make_time(7 + slot / 7, 0, 0) as local_start_time
    ) as local
    cross join lateral (select local_start_time at time zone '${TIME_ZONE}' as start_time) as instant
    returning *
  ),
  of_student as (
    insert into student_claim (purchase_id, student_id, times)
    select purchase_id, student_id, range_agg(tstzrange(start_time, end_time)) from lesson
    group by purchase_id, student_id order by purchase_id
  )
  insert into trainer_claim (operator_id, purchase_id, trainer_id, times, session_count, hours, busiest)
  select operator_id, purchase_id, trainer_id,
    range_agg(tstzrange(start_time, end_time + make_interval(mins => buffer_minutes))), count(*),
    bit_or(hours_of_week(start_time, end_time + make_interval(mins => buffer_minutes))), 1
  from lesson group by operator_id, purchase_id, trainer_id order by purchase_id`;

const RECORDS = `
  with decided as (
    insert into decision (operator_id, decision_id, purchase_id, trainer_id, document, create_time)
    select operator_id, decision_id, purchase_id, trainer_id,
      jsonb_build_object('inputs', jsonb_build_object('studentId', student_id), 'ranked', '[]'::jsonb), now()
    from given
  )
  insert into audit_log (at, subject, role, action, entity, entity_id, operator_id, request_id, trace_id, detail)
  select now(), 'somebody', 'operator', 'BookPurchase', 'purchase', purchase_id::text, operator_id, purchase_id::text,
    null, '{}'
  from given`;
