import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TimeOffSchema } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { DomainError, type FieldViolation, invalidFields } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";

export interface TimeOff {
  timeOffId: string;
  startTime: Temporal.Instant;
  /** Exclusive. */
  endTime: Temporal.Instant;
  note: string;
}

const LONGEST_YEARS = 2;
/** With the longest notes a trainer takes a tenth of what a message may have: whoever reads it gets it. */
const MOST = 200;

export function timeOffViolations({ startTime, endTime }: Pick<TimeOff, "startTime" | "endTime">): FieldViolation[] {
  if (Temporal.Instant.compare(endTime, startTime) <= 0) {
    return [{ path: "end_time", message: "must be after start_time" }];
  }
  const latest = startTime.toZonedDateTimeISO("UTC").add({ years: LONGEST_YEARS }).toInstant();
  if (Temporal.Instant.compare(endTime, latest) > 0) {
    return [{ path: "end_time", message: `must be at most ${LONGEST_YEARS} years after start_time` }];
  }
  return [];
}

/** Refuses a time off that is over: nothing would follow from it. */
export function mayBeAdded({ endTime }: Pick<TimeOff, "endTime">, now: Temporal.Instant): void {
  if (Temporal.Instant.compare(endTime, now) > 0) return;
  throw invalidFields([{ path: "end_time", message: "must not be in the past" }]);
}

/** Refuses a trainer with more time off than is told at once. */
export function mayHaveTimeOff({ trainerId, timeOff }: { trainerId: string; timeOff: readonly TimeOff[] }): void {
  if (timeOff.length <= MOST) return;
  const message = `A trainer has at most ${MOST} times off that are not over: remove others, or join them.`;
  throw new DomainError("precondition", "TOO_MUCH_TIME_OFF", message, { metadata: { trainer_id: trainerId } });
}

export function timeOffMissing(timeOffId: string): DomainError {
  return new DomainError("not-found", "TIME_OFF_NOT_FOUND", `The trainer has no time off ${timeOffId}.`, {
    metadata: { time_off_id: timeOffId },
  });
}

export function timeOffToProto({ startTime, endTime, ...rest }: TimeOff): MessageInitShape<typeof TimeOffSchema> {
  return { ...rest, startTime: timestampOf(startTime), endTime: timestampOf(endTime) };
}
