import { FunnelSchema } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import type { Funnel } from "./decision.ts";
import type { Removed } from "./ranking.ts";
import type { Slot } from "./schedule.ts";
import { toldTimes } from "./told-times.ts";

/** The student has lessons in these slots, with whichever operator: whose they are stays unsaid. */
export function studentAlreadyBooked(slots: Slot[]): DomainError {
  const times = slots.map(({ localStartTime }) => localStartTime.toString({ smallestUnit: "minute" }));
  const message =
    times.length === 0
      ? "The student has been booked for some of these times meanwhile."
      : `The student already has a lesson at ${times.length} of these times, first at ${times[0]}.`;
  return new DomainError("precondition", "STUDENT_ALREADY_BOOKED", message, {
    metadata: { local_start_times: toldTimes(times).join(",") },
  });
}

export function noTrainerAvailable(funnel: Funnel, sessionCount: number): DomainError {
  const message =
    `Nobody can teach all ${sessionCount} sessions: ${funnel.active} trainers, ${funnel.teachCourse} teach the course, ` +
    `${funnel.sameOperator} of this operator, ${funnel.qualifiedOnEveryDate} qualified on every date, ` +
    `${funnel.reachLocation} reach the place, ${funnel.workAtEveryTime} work at these times, ` +
    `${funnel.freeOnEverySession} free on all of them.`;
  return new DomainError("precondition", "NO_TRAINER_AVAILABLE", message, {
    details: [{ desc: FunnelSchema, value: funnel }],
  });
}

export function assignmentNotPossible(removed: Removed[]): DomainError {
  const names = removed.map(({ candidate }) => candidate.name).join(" and ");
  const message = `${names} cannot give all sessions assigned to them at these times.`;
  return new DomainError("precondition", "ASSIGNMENT_NOT_POSSIBLE", message);
}

/** Another operator's trainer is none that can be assigned. */
export function trainerMissing(trainerId: string): DomainError {
  return new DomainError("not-found", "TRAINER_NOT_FOUND", `There is no trainer ${trainerId} in this zone.`, {
    metadata: { trainer_id: trainerId },
  });
}

/** The same refusal, with the decision that records it. */
export function withDecision({ kind, reason, message, extras }: DomainError, decisionId: string): DomainError {
  const metadata = { ...extras.metadata, decision_id: decisionId };
  return new DomainError(kind, reason, message, { ...extras, metadata });
}
