import { z } from "zod";
import { sql, type Transaction } from "../runtime/database.ts";
import type { TrainerKey } from "./queries.ts";
import type { Trainer } from "./trainer.ts";
import { documentOf, trainerDocument } from "./trainer-document.ts";
import type { ListedTrainer } from "./trainer-row.ts";

export type ListedWithKey = ListedTrainer & TrainerKey;

const keyRow = z.object({ operatorId: z.string(), externalId: z.string(), trainerId: z.string() });
const idRow = z.object({ id: z.string() });
const knownRow = z.object({ externalId: z.string(), trainer: trainerDocument });

/** Those of the franchises that exist. */
export async function existingFranchises(tx: Transaction, franchiseIds: readonly string[]): Promise<Set<string>> {
  if (franchiseIds.length === 0) return new Set();
  const rows = await tx.any(sql.type(idRow)`
    select franchise_id as id from franchise where franchise_id = any(${sql.array(franchiseIds, "uuid")})
  `);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Adds those whose key is not known yet, and names them. In the order of their keys, as every import does it: of two
 * that add the same trainer the second waits, and then finds it.
 */
export function insertListed(tx: Transaction, trainers: readonly ListedWithKey[], now: Temporal.Instant) {
  const rows = trainers.map((trainer) => [
    ...[trainer.trainerId, trainer.externalId, ...columnsOf(trainer), trainer.franchiseId],
  ]);
  return tx.any(sql.type(keyRow)`
    insert into trainer (
      trainer_id, external_id, name, status, time_zone, base_latitude, base_longitude,
      travel_radius_meters, buffer_minutes, daily_session_limit, franchise_id, create_time
    )
    select trainer_id, external_id, name, coalesce(status, 'active'), time_zone, base_latitude, base_longitude,
      travel_radius_meters, buffer_minutes, daily_session_limit, franchise_id, ${now.toString()}::timestamptz
    from ${sql.unnest(rows, ["uuid", "text", ...COLUMN_TYPES, "uuid"])} as listed (
      trainer_id, external_id, name, status, time_zone, base_latitude, base_longitude,
      travel_radius_meters, buffer_minutes, daily_session_limit, franchise_id
    )
    order by franchise_id, external_id
    on conflict (operator_id, external_id) where external_id is not null do nothing
    returning operator_id as "operatorId", external_id as "externalId", trainer_id as "trainerId"
  `);
}

/** Locked in the order of their keys. What hangs on them is to be read by a later statement: this one may have waited. */
export async function lockListed(tx: Transaction, trainers: readonly ListedTrainer[]): Promise<void> {
  await tx.query(sql.unsafe`
    select from trainer t join ${externalKeys(trainers)} using (operator_id, external_id)
    order by t.operator_id, t.external_id
    for update of t
  `);
}

/** Those whose key is known. */
export function readListed(
  tx: Transaction,
  trainers: readonly ListedTrainer[],
  now: Temporal.Instant,
): Promise<readonly { externalId: string; trainer: Trainer }[]> {
  return tx.any(sql.type(knownRow)`
    select t.external_id as "externalId", ${documentOf(now)} as trainer
    from trainer t join ${externalKeys(trainers)} using (operator_id, external_id)
  `);
}

/** Writes what the list says over what was known; a new version each. Their hours and qualifications go. */
export async function overwriteListed(tx: Transaction, trainers: readonly ListedWithKey[]): Promise<void> {
  const rows = trainers.map((trainer) => [trainer.operatorId, trainer.trainerId, ...columnsOf(trainer)]);
  await tx.query(sql.unsafe`
    with listed as (
      select * from ${sql.unnest(rows, ["uuid", "uuid", ...COLUMN_TYPES])} as listed (
        operator_id, trainer_id, name, status, time_zone, base_latitude, base_longitude,
        travel_radius_meters, buffer_minutes, daily_session_limit
      )
    ), no_hours as (
      delete from working_hours w using listed l where w.operator_id = l.operator_id and w.trainer_id = l.trainer_id
    ), no_qualifications as (
      delete from qualification q using listed l where q.operator_id = l.operator_id and q.trainer_id = l.trainer_id
    )
    update trainer t set
      name = l.name, status = coalesce(l.status, t.status), time_zone = l.time_zone,
      base_latitude = l.base_latitude, base_longitude = l.base_longitude,
      travel_radius_meters = l.travel_radius_meters, buffer_minutes = l.buffer_minutes,
      daily_session_limit = l.daily_session_limit, version = t.version + 1
    from listed l where t.operator_id = l.operator_id and t.trainer_id = l.trainer_id
  `);
}

/** Hours and qualifications of trainers that have none. */
export async function insertWhatHangsOn(tx: Transaction, trainers: readonly ListedWithKey[]): Promise<void> {
  const hours = trainers.flatMap(({ operatorId, trainerId, workingHours }) =>
    workingHours.map(({ dayOfWeek, startTime, endTime }) => [operatorId, trainerId, dayOfWeek, startTime, endTime]),
  );
  const qualifications = trainers.flatMap((trainer) =>
    trainer.qualifications.map(({ courseId, fromDate, untilDate }) => [
      ...[trainer.operatorId, trainer.trainerId, courseId, fromDate, untilDate],
    ]),
  );
  await tx.query(sql.unsafe`
    with hours as (
      insert into working_hours (operator_id, trainer_id, day_of_week, start_time, end_time)
      select * from ${sql.unnest(hours, ["uuid", "uuid", "int2", "time", "time"])}
    )
    insert into qualification (operator_id, trainer_id, course_id, from_date, until_date)
    select * from ${sql.unnest(qualifications, ["uuid", "uuid", "uuid", "date", "date"])}
  `);
}

/** Puts the trainers as they now are into their history. */
export async function recordVersions(
  tx: Transaction,
  keys: readonly TrainerKey[],
  now: Temporal.Instant,
): Promise<void> {
  await tx.query(sql.unsafe`
    insert into trainer_history (operator_id, trainer_id, version, snapshot, changed_at)
    select t.operator_id, t.trainer_id, t.version, ${documentOf(now)}::jsonb, ${now.toString()}::timestamptz
    from trainer t join ${unnested(keys)} using (operator_id, trainer_id)
  `);
}

const COLUMN_TYPES = ["text", "text", "text", "float8", "float8", "int4", "int4", "int4"] as const;

function columnsOf({ name, status, timeZone, base, ...trainer }: ListedTrainer) {
  const { travelRadiusMeters, bufferMinutes, dailySessionLimit } = trainer;
  const { latitude, longitude } = base;
  return [name, status, timeZone, latitude, longitude, travelRadiusMeters, bufferMinutes, dailySessionLimit];
}

function externalKeys(trainers: readonly ListedTrainer[]) {
  const rows = trainers.map(({ operatorId, externalId }) => [operatorId, externalId]);
  return sql.fragment`${sql.unnest(rows, ["uuid", "text"])} as listed (operator_id, external_id)`;
}

function unnested(keys: readonly TrainerKey[]) {
  const rows = keys.map(({ operatorId, trainerId }) => [operatorId, trainerId]);
  return sql.fragment`${sql.unnest(rows, ["uuid", "uuid"])} as listed (operator_id, trainer_id)`;
}
