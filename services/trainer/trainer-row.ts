import { LRUCache } from "lru-cache";
import { type TrainerRow, TrainerRowSchema } from "../../gen/cadre/trainer/v1/trainer_row_pb.ts";
import { DomainError, type FieldViolation } from "../runtime/errors.ts";
import type { RowFault } from "../runtime/row-import.ts";
import { nameViolations, textViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import { violationsOf } from "../runtime/validation.ts";
import { mayActFor, operatorOf, type Visible } from "./operator.ts";
import { type Qualification, qualificationViolations } from "./qualification.ts";
import { statusOf, type Trainer } from "./trainer.ts";
import { type WorkingHours, workingHoursViolations } from "./working-hours.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What a list says about a trainer. */
export interface ListedTrainer
  extends Pick<
    Trainer,
    | "operatorId"
    | "franchiseId"
    | "name"
    | "timeZone"
    | "base"
    | "travelRadiusMeters"
    | "bufferMinutes"
    | "dailySessionLimit"
    | "workingHours"
    | "qualifications"
  > {
  externalId: string;
  /** Null where the list leaves it as it is. */
  status: Trainer["status"] | null;
}

const REMEMBERED_HOURS = 1000;

/**
 * Reads rows as far as can be told without asking anybody: what a row says, or what is wrong with it. Working hours are
 * judged once for all rows that have the same: they are half of a row's rules, and a list has few kinds of them.
 */
export function trainerRowReader(visible: Visible): (row: TrainerRow) => ListedTrainer | RowFault[] {
  const judged = new LRUCache<string, FieldViolation[]>({ max: REMEMBERED_HOURS });

  function hoursViolations(row: TrainerRow): FieldViolation[] {
    const key = JSON.stringify(hoursText(row.workingHours));
    const known = judged.get(key);
    if (known) return known;
    const broken = violationsOf(TrainerRowSchema, row).filter(({ path }) => path.startsWith("working_hours"));
    const violations = broken.length > 0 ? broken : workingHoursViolations("working_hours", row.workingHours);
    judged.set(key, violations);
    return violations;
  }
  return (row) => readTrainerRow(row, hoursViolations(row), visible);
}

function readTrainerRow(row: TrainerRow, ofHours: FieldViolation[], visible: Visible): ListedTrainer | RowFault[] {
  const qualifications = row.qualifications.map(
    ({ courseId, fromDate, untilDate = null }): Qualification => ({
      courseId: courseId.toLowerCase(),
      fromDate,
      untilDate,
    }),
  );
  const broken = violationsOf(TrainerRowSchema, { ...row, workingHours: [] });
  const timeZone = timeZoneName(row.timeZone);
  const violations = [
    ...broken,
    ...textViolations("external_id", row.externalId),
    ...nameViolations("name", row.name),
    ...(timeZone || broken.some(({ path }) => path === "time_zone")
      ? []
      : [{ path: "time_zone", message: "is not the IANA name of a time zone" }]),
    ...ofHours,
    ...qualifications.flatMap((_, index) => listedQualificationViolations(qualifications, index)),
  ];
  const faults = [...violations.map(invalidField), ...operatorFaults(row, visible)];
  if (!timeZone || !row.base || faults.length > 0) return faults;
  return {
    externalId: row.externalId,
    operatorId: operatorOf(row.franchiseId),
    franchiseId: row.franchiseId?.toLowerCase() ?? null,
    name: row.name,
    status: row.status === undefined ? null : statusOf(row.status),
    timeZone,
    base: row.base,
    travelRadiusMeters: row.travelRadiusMeters,
    bufferMinutes: row.bufferMinutes,
    dailySessionLimit: row.dailySessionLimit,
    workingHours: row.workingHours,
    qualifications,
  };
}

/** Whether the list says what is known already, in whatever order. */
export function saysTheSame(listed: ListedTrainer, known: Trainer): boolean {
  return comparable(listed) === comparable(known) && (listed.status === null || listed.status === known.status);
}

function comparable(trainer: Omit<ListedTrainer, "status" | "externalId">): string {
  const { name, timeZone, base, travelRadiusMeters, bufferMinutes, dailySessionLimit } = trainer;
  const workingHours = hoursText(trainer.workingHours);
  const qualifications = trainer.qualifications.map(({ courseId, fromDate, untilDate }) =>
    [courseId, fromDate, untilDate].join(),
  );
  return JSON.stringify([
    ...[name, timeZone, base.latitude, base.longitude, travelRadiusMeters, bufferMinutes, dailySessionLimit],
    ...[workingHours.sort(), qualifications.sort()],
  ]);
}

function hoursText(workingHours: readonly WorkingHours[]): string[] {
  return workingHours.map(({ dayOfWeek, startTime, endTime }) => `${dayOfWeek},${startTime},${endTime}`);
}

function listedQualificationViolations(all: readonly Qualification[], index: number): FieldViolation[] {
  const qualification = all[index];
  if (!qualification) return [];
  const path = `qualifications[${index}]`;
  const earlier = all.findIndex(({ courseId }) => courseId === qualification.courseId);
  return [
    ...(UUID.test(qualification.courseId) ? [] : [{ path: `${path}.course_id`, message: "is not an id" }]),
    ...(earlier === index ? [] : [{ path: `${path}.course_id`, message: `is that of qualifications[${earlier}]` }]),
    ...qualificationViolations(qualification).map((fault) => ({ ...fault, path: `${path}.${fault.path}` })),
  ];
}

function operatorFaults({ franchiseId }: TrainerRow, visible: Visible): RowFault[] {
  try {
    mayActFor(visible, operatorOf(franchiseId));
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [{ field: "franchise_id", reason: error.reason, message: error.message }];
  }
}

function invalidField({ path, message }: FieldViolation): RowFault {
  return { field: path, reason: "INVALID_FIELD", message };
}
