import { z } from "zod";
import { type Database, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Qualification } from "./qualification.ts";
import type { TimeOff } from "./time-off.ts";
import type { Trainer } from "./trainer.ts";
import { documentOf, trainerDocument, visibleTrainers } from "./trainer-document.ts";
import type { WorkingHours } from "./working-hours.ts";

/** A trainer's primary key. */
export interface TrainerKey {
  operatorId: string;
  trainerId: string;
}

export type NewTrainer = Pick<
  Trainer,
  | "trainerId"
  | "franchiseId"
  | "name"
  | "timeZone"
  | "base"
  | "travelRadiusMeters"
  | "bufferMinutes"
  | "dailySessionLimit"
  | "createTime"
>;

export interface TrainerFilter {
  visible: Visible;
  operatorId?: string | undefined;
  courseId?: string | undefined;
}

const keyRow = z.object({ operatorId: z.string(), trainerId: z.string() });
const trainerRow = z.object({ trainer: trainerDocument });

/** An unknown franchise shows as a violation of trainer_franchise. */
export function insertTrainer(tx: Transaction, trainer: NewTrainer): Promise<TrainerKey> {
  const { base } = trainer;
  return tx.one(sql.type(keyRow)`
    insert into trainer (
      trainer_id, franchise_id, name, time_zone, base_latitude, base_longitude,
      travel_radius_meters, buffer_minutes, daily_session_limit, create_time
    ) values (
      ${trainer.trainerId}, ${trainer.franchiseId}, ${trainer.name}, ${trainer.timeZone}, ${base.latitude}, ${base.longitude},
      ${trainer.travelRadiusMeters}, ${trainer.bufferMinutes}, ${trainer.dailySessionLimit},
      ${trainer.createTime.toString()}::timestamptz
    )
    returning operator_id as "operatorId", trainer_id as "trainerId"
  `);
}

export async function insertWorkingHours(
  tx: Transaction,
  { operatorId, trainerId }: TrainerKey,
  workingHours: readonly WorkingHours[],
): Promise<void> {
  const rows = workingHours.map(({ dayOfWeek, startTime, endTime }) => [dayOfWeek, startTime, endTime]);
  await tx.query(sql.unsafe`
    insert into working_hours (operator_id, trainer_id, day_of_week, start_time, end_time)
    select ${operatorId}::uuid, ${trainerId}::uuid, day_of_week, start_time, end_time
    from ${sql.unnest(rows, ["int2", "time", "time"])} as range (day_of_week, start_time, end_time)
  `);
}

/** Counts the change, and locks the trainer until it commits. Null when the caller sees no such trainer. */
export function bumpVersion(tx: Transaction, trainerId: string, visible: Visible): Promise<TrainerKey | null> {
  return tx.maybeOne(sql.type(keyRow)`
    update trainer t set version = t.version + 1
    where t.trainer_id = ${trainerId} and ${visibleTrainers(visible)}
    returning t.operator_id as "operatorId", t.trainer_id as "trainerId"
  `);
}

export async function putQualification(
  tx: Transaction,
  { operatorId, trainerId }: TrainerKey,
  { courseId, fromDate, untilDate }: Qualification,
): Promise<void> {
  await tx.query(sql.unsafe`
    insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
    values (${operatorId}, ${trainerId}, ${courseId}, ${fromDate}, ${untilDate})
    on conflict (operator_id, trainer_id, course_id)
    do update set from_date = excluded.from_date, until_date = excluded.until_date
  `);
}

export async function insertTimeOff(
  tx: Transaction,
  { operatorId, trainerId }: TrainerKey,
  { timeOffId, startTime, endTime, note }: TimeOff,
): Promise<void> {
  await tx.query(sql.unsafe`
    insert into time_off (operator_id, trainer_id, time_off_id, start_time, end_time, note)
    values (${operatorId}, ${trainerId}, ${timeOffId},
      ${startTime.toString()}::timestamptz, ${endTime.toString()}::timestamptz, ${note})
  `);
}

/** Puts the trainer as it now is into its history; the last statement of every change, and its answer. */
export async function recordVersion(
  tx: Transaction,
  { operatorId, trainerId }: TrainerKey,
  now: Temporal.Instant,
): Promise<Trainer> {
  const { trainer } = await tx.one(sql.type(trainerRow)`
    insert into trainer_history (operator_id, trainer_id, version, snapshot, changed_at)
    select t.operator_id, t.trainer_id, t.version, ${documentOf(now)}::jsonb, ${now.toString()}::timestamptz
    from trainer t where t.operator_id = ${operatorId} and t.trainer_id = ${trainerId}
    returning snapshot as trainer
  `);
  return trainer;
}

/** In no order; without the trainers that do not exist or that the caller may not see. */
export async function findTrainers(
  db: Queryable,
  trainerIds: readonly string[],
  visible: Visible,
  now: Temporal.Instant,
): Promise<Trainer[]> {
  const rows = await db.any(sql.type(trainerRow)`
    select ${documentOf(now)} as trainer
    from trainer t
    where t.trainer_id = any(${sql.array(trainerIds, "uuid")}) and ${visibleTrainers(visible)}
  `);
  return rows.map(({ trainer }) => trainer);
}

export async function listTrainers(
  db: Database,
  { visible, operatorId, courseId }: TrainerFilter,
  { after, limit }: { after: string | null; limit: number },
  now: Temporal.Instant,
): Promise<Trainer[]> {
  const everyone = sql.fragment`true`;
  const rows = await db.any(sql.type(trainerRow)`
    select ${documentOf(now)} as trainer
    from trainer t
    where ${visibleTrainers(visible)}
      and ${after === null ? everyone : sql.fragment`t.trainer_id > ${after}::uuid`}
      and ${operatorId === undefined ? everyone : sql.fragment`t.operator_id = ${operatorId}::uuid`}
      and ${
        courseId === undefined
          ? everyone
          : sql.fragment`exists (
              select from qualification q
              where q.operator_id = t.operator_id and q.trainer_id = t.trainer_id and q.course_id = ${courseId}::uuid
            )`
      }
    order by t.trainer_id
    limit ${limit}
  `);
  return rows.map(({ trainer }) => trainer);
}
