import { z } from "zod";
import { instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import { purchaseColumns, purchaseRow } from "./purchase-queries.ts";

const plainDateTime = z.string().transform((text) => Temporal.PlainDateTime.from(text));

/** When a session starts, as it was told once: the instant followed from the rest. */
export interface Told {
  timeZone: string;
  localStartTime: Temporal.PlainDateTime;
  startTime: Temporal.Instant;
}

const toldRow = z.object({ timeZone: z.string(), localStartTime: plainDateTime, startTime: instant });

/** Every start that is still to come, once. */
export function startsToCome(db: Queryable, now: Temporal.Instant): Promise<readonly Told[]> {
  return db.any(sql.type(toldRow)`
    select distinct time_zone as "timeZone", local_start_time as "localStartTime", start_time as "startTime"
    from session where state = 'scheduled' and start_time > ${now.toString()}
  `);
}

const sessionRow = toldRow.extend({
  operatorId: z.string(),
  purchaseId: z.string(),
  sequence: z.number(),
  sessionId: z.string(),
  studentId: z.string(),
  trainerId: z.string(),
});

export type SessionToCome = z.output<typeof sessionRow>;

/** The sessions that start so. */
export function sessionsStarting(db: Queryable, told: readonly Told[]): Promise<readonly SessionToCome[]> {
  const rows = told.map(({ timeZone, localStartTime, startTime }) => [
    ...[timeZone, localStartTime.toString(), startTime.toString()],
  ]);
  return db.any(sql.type(sessionRow)`
    select s.operator_id as "operatorId", s.purchase_id as "purchaseId", s.sequence, s.session_id as "sessionId",
      s.student_id as "studentId", s.trainer_id as "trainerId", s.time_zone as "timeZone",
      s.local_start_time as "localStartTime", s.start_time as "startTime"
    from session s
    join ${sql.unnest(rows, ["text", "timestamp", "timestamptz"])} as told (time_zone, local_start_time, start_time)
      using (time_zone, local_start_time, start_time)
    where s.state = 'scheduled'
    order by s.operator_id, s.purchase_id, s.sequence
  `);
}

/** Locked in the order of all who lock: students, then purchases. */
export async function lockTogether(tx: Transaction, purchaseIds: readonly string[]) {
  const ids = sql.array(purchaseIds, "uuid");
  await tx.query(sql.unsafe`
    select from student where student_id in (select student_id from purchase where purchase_id = any(${ids}))
    order by student_id for no key update
  `);
  return tx.any(sql.type(purchaseRow)`
    select ${purchaseColumns} from purchase p where p.purchase_id = any(${ids})
    order by p.purchase_id for no key update
  `);
}

export interface Move {
  session: SessionToCome;
  newStartTime: Temporal.Instant;
}

const movedRow = z.object({ purchaseId: z.string() });

/**
 * All of them in one statement, at whose end nobody may be in two places: what swaps its times can move. Those that have
 * been moved or ended by somebody else meanwhile stay. Answers one row for each that was moved.
 */
export function moveSessions(tx: Transaction, moves: readonly Move[]) {
  return tx.any(sql.type(movedRow)`
    update session s
    set start_time = n.start_time, end_time = n.start_time + (s.end_time - s.start_time), version = s.version + 1
    from ${movesTable(moves)}
    where s.session_id = n.session_id and s.start_time = n.old_start_time and s.state = 'scheduled'
    returning s.purchase_id as "purchaseId"
  `);
}

const overlapRow = z.object({
  sessionId: z.string(),
  otherSessionId: z.string(),
  otherPurchaseId: z.string(),
  who: z.enum(["trainer", "student"]),
});

export type Overlap = z.output<typeof overlapRow>;

/** With what sessions would overlap if they were moved. */
export function overlapsOf(db: Queryable, moves: readonly Move[]): Promise<readonly Overlap[]> {
  return db.any(sql.type(overlapRow)`
    with moved as (
      select s.session_id, s.operator_id, s.trainer_id, s.student_id, s.buffer_minutes,
        n.start_time, n.start_time + (s.end_time - s.start_time) as end_time
      from session s join ${movesTable(moves)} using (session_id)
    )
    select m.session_id as "sessionId", o.session_id as "otherSessionId", o.purchase_id as "otherPurchaseId", who
    from moved m
    join session o on o.session_id <> m.session_id and o.state in ('scheduled', 'completed')
      and o.start_time between m.start_time - interval '2 days' and m.start_time + interval '2 days'
    cross join lateral (values
      ('trainer', o.operator_id = m.operator_id and o.trainer_id = m.trainer_id, o.buffer_minutes, m.buffer_minutes),
      ('student', o.student_id = m.student_id, 0, 0)
    ) as shared (who, is_shared, other_minutes, minutes)
    where is_shared and (o.student_id = m.student_id or o.operator_id = m.operator_id)
      and o.start_time < m.end_time + make_interval(mins => minutes)
      and m.start_time < o.end_time + make_interval(mins => other_minutes)
    order by m.start_time, m.session_id, o.start_time, o.session_id, who desc
  `);
}

function movesTable(moves: readonly Move[]) {
  const rows = moves.map(({ session, newStartTime }) => [
    ...[session.sessionId, session.startTime.toString(), newStartTime.toString()],
  ]);
  return sql.fragment`
    ${sql.unnest(rows, ["uuid", "timestamptz", "timestamptz"])} as n (session_id, old_start_time, start_time)
  `;
}
