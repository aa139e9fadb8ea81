import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";

/** A place in the log of changes: of everything up to `position`, a reader knows. */
export interface LogPosition {
  logId: string;
  position: number;
}

export interface ScheduleChange {
  purchaseId: string;
  operatorId: string;
  studentId: string;
  trainerIds: string[];
  sessionIds: string[];
  changeTime: Temporal.Instant;
}

/** Whose changes a watch is about. */
export interface ChangeFilter {
  visible: Visible;
  operatorId: string | null;
  trainerId: string | null;
  purchaseId: string | null;
}

/** Placed in about 50 ms. */
const PLACED_AT_ONCE = 5_000;

const FORGOTTEN_AT_ONCE = 10_000;

const headRow = z.object({ logId: z.string(), position: z.number(), placed: z.number() });
const pageRow = z.object({
  forgotten: z.number(),
  changes: z.array(
    z.object({
      purchaseId: z.string(),
      operatorId: z.string(),
      studentId: z.string(),
      trainerIds: z.array(z.string()),
      sessionIds: z.array(z.string()),
      changeTime: z.string().transform((text) => Temporal.Instant.from(text)),
    }),
  ),
});

/**
 * Gives a position to every change that has committed by now, and says which is the last. Who is not patient leaves it to
 * another process that is at it, and may be told an earlier one.
 */
export async function placeChanges(db: Database, { patient }: { patient: boolean }): Promise<LogPosition> {
  for (;;) {
    const { logId, position, placed } = await db.one(sql.type(headRow)`
      select log_id as "logId", head as position, placed from place_schedule_changes(${PLACED_AT_ONCE}, ${patient})
    `);
    if (placed < PLACED_AT_ONCE) return { logId, position };
  }
}

/** The changes at positions after one and up to another, as far as the filter lets them through; and the last that is forgotten. */
export async function changesBetween(
  db: Database,
  { after, upTo }: { after: number; upTo: number },
  filter: ChangeFilter,
): Promise<{ forgotten: number; changes: ScheduleChange[] }> {
  return db.one(sql.type(pageRow)`
    select
      (select forgotten from schedule_change_log) as forgotten,
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'purchaseId', c.purchase_id, 'operatorId', c.operator_id, 'studentId', c.student_id,
          'trainerIds', c.trainer_ids, 'sessionIds', c.session_ids, 'changeTime', c.change_time
        ) order by c.position)
        from schedule_change c
        where c.position > ${after} and c.position <= ${upTo}
          and ${visibleChanges(filter.visible)}
          ${filter.operatorId === null ? sql.fragment`` : sql.fragment`and c.operator_id = ${filter.operatorId}`}
          ${filter.trainerId === null ? sql.fragment`` : sql.fragment`and ${filter.trainerId} = any(c.trainer_ids)`}
          ${filter.purchaseId === null ? sql.fragment`` : sql.fragment`and c.purchase_id = ${filter.purchaseId}`}
      ), '[]') as changes
  `);
}

/** Drops the changes that got their position before a time by the database's clock. */
export async function forgetChanges(db: Database, olderThanHours: number): Promise<void> {
  const row = z.object({ forgotten: z.number() });
  for (;;) {
    const { forgotten } = await db.one(sql.type(row)`
      select forget_schedule_changes(make_interval(hours => ${olderThanHours}), ${FORGOTTEN_AT_ONCE}) as forgotten
    `);
    if (forgotten < FORGOTTEN_AT_ONCE) return;
  }
}

/** Drops, once in so many minutes, what was noted of claims before the last time. */
export async function tidyClaimChanges(db: Database, keptMinutes: number): Promise<void> {
  await db.query(sql.unsafe`select tidy_claim_changes(make_interval(mins => ${keptMinutes}))`);
}

function visibleChanges(visible: Visible) {
  switch (visible.of) {
    case "everybody":
      return sql.fragment`true`;
    case "operator":
      return sql.fragment`c.operator_id = ${visible.operatorId}`;
    case "trainer":
      return sql.fragment`${visible.trainerId} = any(c.trainer_ids)`;
    case "student":
      return sql.fragment`c.student_id = ${visible.studentId}`;
    case "nobody":
      return sql.fragment`false`;
  }
}
