import { z } from "zod";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Qualification } from "./qualification.ts";
import type { TimeOff } from "./time-off.ts";
import type { Trainer } from "./trainer.ts";
import { type DocumentParts, documentOf, trainerDocument, visibleTrainers } from "./trainer-document.ts";
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

/** What an update may change; what it leaves out stays. */
export type TrainerFacts = Partial<
  Pick<Trainer, "name" | "status" | "timeZone" | "base" | "travelRadiusMeters" | "bufferMinutes" | "dailySessionLimit">
>;

export interface TrainerFilter {
  visible: Visible;
  operatorId?: string | undefined;
  courseId?: string | undefined;
  /** Empty for all. */
  statuses: readonly Trainer["status"][];
  /** Part of the name; empty for all. */
  name: string;
}

export interface TimeOffPeriod {
  endTimeAfter: Temporal.Instant | null;
  startTimeBefore: Temporal.Instant | null;
}

/** Lower case beyond ASCII, whatever the locale of the database. */
const ofAllLanguages = sql.fragment`collate "und-x-icu"`;

const keyRow = z.object({ operatorId: z.string(), trainerId: z.string() });
const versionRow = keyRow.extend({ version: z.number() });
const timeOffRow = z.object({ timeOffId: z.string(), startTime: instant, endTime: instant, note: z.string() });
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

export async function deleteWorkingHours(tx: Transaction, { operatorId, trainerId }: TrainerKey): Promise<void> {
  await tx.query(sql.unsafe`
    delete from working_hours where operator_id = ${operatorId} and trainer_id = ${trainerId}
  `);
}

/** Counts the change, and locks the trainer until it commits. Null when the caller sees no such trainer. */
export function bumpVersion(
  tx: Transaction,
  trainerId: string,
  visible: Visible,
): Promise<(TrainerKey & { version: number }) | null> {
  return tx.maybeOne(sql.type(versionRow)`
    update trainer t set version = t.version + 1
    where t.trainer_id = ${trainerId} and ${visibleTrainers(visible)}
    returning t.operator_id as "operatorId", t.trainer_id as "trainerId", t.version
  `);
}

export async function updateTrainerFacts(
  tx: Transaction,
  { operatorId, trainerId }: TrainerKey,
  { base, ...facts }: TrainerFacts,
): Promise<void> {
  await tx.query(sql.unsafe`
    update trainer set
      name = coalesce(${facts.name ?? null}, name),
      status = coalesce(${facts.status ?? null}, status),
      time_zone = coalesce(${facts.timeZone ?? null}, time_zone),
      base_latitude = coalesce(${base?.latitude ?? null}, base_latitude),
      base_longitude = coalesce(${base?.longitude ?? null}, base_longitude),
      travel_radius_meters = coalesce(${facts.travelRadiusMeters ?? null}, travel_radius_meters),
      buffer_minutes = coalesce(${facts.bufferMinutes ?? null}, buffer_minutes),
      daily_session_limit = coalesce(${facts.dailySessionLimit ?? null}, daily_session_limit)
    where operator_id = ${operatorId} and trainer_id = ${trainerId}
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

/** False when there was none. */
export async function deleteQualification(
  tx: Transaction,
  { operatorId, trainerId }: TrainerKey,
  courseId: string,
): Promise<boolean> {
  const { rowCount } = await tx.query(sql.unsafe`
    delete from qualification
    where operator_id = ${operatorId} and trainer_id = ${trainerId} and course_id = ${courseId}
  `);
  return rowCount > 0;
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

/** False when there was none. */
export async function deleteTimeOff(
  tx: Transaction,
  { operatorId, trainerId }: TrainerKey,
  timeOffId: string,
): Promise<boolean> {
  const { rowCount } = await tx.query(sql.unsafe`
    delete from time_off
    where operator_id = ${operatorId} and trainer_id = ${trainerId} and time_off_id = ${timeOffId}
  `);
  return rowCount > 0;
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
  parts?: DocumentParts,
): Promise<Trainer[]> {
  const rows = await db.any(sql.type(trainerRow)`
    select ${documentOf(now, parts)} as trainer
    from trainer t
    where t.trainer_id = any(${sql.array(trainerIds, "uuid")}) and ${visibleTrainers(visible)}
  `);
  return rows.map(({ trainer }) => trainer);
}

/** In the order wanted; without the versions that are not kept. */
export async function findVersions(
  db: Queryable,
  operatorId: string,
  wanted: readonly { trainerId: string; version: bigint }[],
): Promise<Trainer[]> {
  const keys = wanted.map(({ trainerId, version }) => [trainerId, String(version)]);
  const rows = await db.any(sql.type(trainerRow)`
    select h.snapshot as trainer
    from ${sql.unnest(keys, ["uuid", "int8"])} with ordinality as wanted (trainer_id, version, place)
    join trainer_history h on h.operator_id = ${operatorId} and h.trainer_id = wanted.trainer_id and h.version = wanted.version
    order by wanted.place
  `);
  return rows.map(({ trainer }) => trainer);
}

export async function listTrainers(
  db: Database,
  { visible, operatorId, courseId, statuses, name }: TrainerFilter,
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
      and ${statuses.length === 0 ? everyone : sql.fragment`t.status = any(${sql.array(statuses, "text")})`}
      and ${name === "" ? everyone : sql.fragment`position(lower(${name} ${ofAllLanguages}) in lower(t.name ${ofAllLanguages})) > 0`}
    order by t.trainer_id
    limit ${limit}
  `);
  return rows.map(({ trainer }) => trainer);
}

export function trainerExists(db: Database, trainerId: string, visible: Visible): Promise<boolean> {
  return db.exists(sql.unsafe`
    select from trainer t where t.trainer_id = ${trainerId} and ${visibleTrainers(visible)}
  `);
}

export function listTimeOff(
  db: Database,
  trainerId: string,
  { endTimeAfter, startTimeBefore }: TimeOffPeriod,
  { after, limit }: { after: Pick<TimeOff, "startTime" | "timeOffId"> | null; limit: number },
): Promise<readonly TimeOff[]> {
  const always = sql.fragment`true`;
  return db.any(sql.type(timeOffRow)`
    select o.time_off_id as "timeOffId", o.start_time as "startTime", o.end_time as "endTime", o.note
    from trainer t join time_off o on o.operator_id = t.operator_id and o.trainer_id = t.trainer_id
    where t.trainer_id = ${trainerId}
      and ${endTimeAfter ? sql.fragment`o.end_time > ${endTimeAfter.toString()}::timestamptz` : always}
      and ${startTimeBefore ? sql.fragment`o.start_time < ${startTimeBefore.toString()}::timestamptz` : always}
      and ${
        after
          ? sql.fragment`(o.start_time, o.time_off_id) > (${after.startTime.toString()}::timestamptz, ${after.timeOffId}::uuid)`
          : always
      }
    order by o.start_time, o.time_off_id
    limit ${limit}
  `);
}
