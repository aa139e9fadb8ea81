import { z } from "zod";
import { instant, sql, type Transaction } from "../runtime/database.ts";
import type { NewDecision } from "./book-commands.ts";
import type { Lesson } from "./lesson.ts";
import type { Session } from "./session.ts";

/** The states of several sessions of an operator in one statement: their claims are computed once. */
export function saveStates(tx: Transaction, operatorId: string, sessions: readonly Session[]): Promise<unknown> {
  const rows = sessions.map(({ purchaseId, sequence, state, version }) => [purchaseId, sequence, state, version]);
  return tx.query(sql.unsafe`
    update session s set state = n.state, version = n.version
    from ${sql.unnest(rows, ["uuid", "int4", "text", "int8"])} as n (purchase_id, sequence, state, version)
    where s.operator_id = ${operatorId} and s.purchase_id = n.purchase_id and s.sequence = n.sequence
  `);
}

/** One statement for all, so that two trainers can swap: the constraints look at its end. */
export function saveMoves(tx: Transaction, lessons: readonly Lesson[]): Promise<unknown> {
  return tx.query(sql.unsafe`
    update session s
    set trainer_id = n.trainer_id, start_time = n.start_time, end_time = n.end_time, buffer_minutes = n.buffer_minutes,
      local_start_time = n.local_start_time, state = n.state, version = n.version
    from ${lessonTable(lessons)}
    where s.operator_id = n.operator_id and s.purchase_id = n.purchase_id and s.sequence = n.sequence
  `);
}

export function insertLessons(tx: Transaction, lessons: readonly Lesson[]): Promise<unknown> {
  return tx.query(sql.unsafe`
    insert into session (
      operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
      local_start_time, state, version, time_zone
    )
    select
      operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
      local_start_time, state, version, time_zone
    from ${lessonTable(lessons)}
    order by sequence
  `);
}

const clashRow = z.object({ number: z.number(), startTime: instant });

/** The number of a lesson, from 0, and the start of what it clashes with. */
export type Clash = z.output<typeof clashRow>;

/**
 * What else the trainers give too close to the lessons. No session occupies its trainer for more than 16 hours, buffer
 * included.
 */
export function findTrainerClashes(tx: Transaction, lessons: readonly Lesson[]) {
  return tx.any(sql.type(clashRow)`
    select n.number, s.start_time as "startTime"
    from ${lessonTable(lessons)}
    -- "offset 0" has each looked for by its time, and not among all that its trainer ever gave.
    cross join lateral (
      select s.session_id, s.start_time from session s
      where s.operator_id = n.operator_id and s.trainer_id = n.trainer_id and s.state in ('scheduled', 'completed')
        and s.start_time > n.start_time - interval '16 hours'
        and s.start_time < n.end_time + make_interval(mins => n.buffer_minutes)
        and s.end_time + make_interval(mins => s.buffer_minutes) > n.start_time
      offset 0
    ) as s
    where s.session_id <> all(${idsOf(lessons)})
    order by s.start_time, n.number
  `);
}

/**
 * When else the student has lessons at the times of these, with whichever operator: the times alone. What the lessons
 * have occupied so far is not in their way; nobody else can be there.
 */
export function findStudentClashes(tx: Transaction, lessons: readonly Lesson[], studentId: string) {
  return tx.any(sql.type(clashRow)`
    with wanted as (
      select range_agg(tstzrange(n.start_time, n.end_time)) as times from ${lessonTable(lessons)}
    ), own as (
      select coalesce(range_agg(tstzrange(s.start_time, s.end_time)), '{}') as times
      from session s where s.session_id = any(${idsOf(lessons)}) and s.state in ('scheduled', 'completed')
    )
    select n.number, lower(busy) as "startTime"
    from wanted, own, times_of_student(${studentId}, wanted.times) as taken
    cross join lateral unnest(taken - own.times) as busy
    join ${lessonTable(lessons)} on busy && tstzrange(n.start_time, n.end_time)
    order by 2, 1
  `);
}

/** Which of the lessons, by their number from 0, lie on a day on which their trainer has too many by now. */
export function findOverDailyLimit(tx: Transaction, lessons: readonly Lesson[]): Promise<readonly number[]> {
  return tx.anyFirst(sql.type(z.object({ number: z.number() }))`
    select n.number
    from ${lessonTable(lessons)}
    cross join lateral (select (n.start_time at time zone n.trainer_time_zone)::date as date) as day
    where n.daily_session_limit < (
      select count(*) from session s
      where s.operator_id = n.operator_id and s.trainer_id = n.trainer_id and s.state in ('scheduled', 'completed')
        and s.start_time >= day_start(day.date, n.trainer_time_zone)
        and s.start_time < day_start(day.date + 1, n.trainer_time_zone)
    )
    order by 1
  `);
}

export function insertDecision(
  tx: Transaction,
  decision: NewDecision,
  { trainerId, taken }: { trainerId: string | null; taken: string[] },
): Promise<unknown> {
  return tx.query(sql.unsafe`
    select insert_decision(${JSON.stringify(decision)}::jsonb, ${trainerId}, ${sql.array(taken, "uuid")})
  `);
}

function idsOf(lessons: readonly Lesson[]) {
  return sql.array(
    lessons.map(({ session }) => session.sessionId),
    "uuid",
  );
}

/** The lessons as the table `n`. */
function lessonTable(lessons: readonly Lesson[]) {
  const rows = lessons.map(({ session, trainer }, number) => [
    number,
    session.operatorId,
    session.purchaseId,
    session.sequence,
    session.sessionId,
    session.studentId,
    session.startTime.toString(),
    session.endTime.toString(),
    session.localStartTime.toString(),
    session.timeZone,
    session.state,
    session.version,
    session.trainerId,
    trainer.bufferMinutes,
    trainer.timeZone,
    trainer.dailySessionLimit,
  ]);
  const types = [
    "int4",
    "uuid",
    "uuid",
    "int4",
    "uuid",
    "uuid",
    "timestamptz",
    "timestamptz",
    "timestamp",
    "text",
    "text",
    "int8",
    "uuid",
    "int4",
    "text",
    "int4",
  ];
  return sql.fragment`${sql.unnest(rows, types)} as n (
    number, operator_id, purchase_id, sequence, session_id, student_id, start_time, end_time, local_start_time, time_zone,
    state, version, trainer_id, buffer_minutes, trainer_time_zone, daily_session_limit
  )`;
}
