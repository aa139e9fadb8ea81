import { FunnelSchema } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import type { Funnel } from "./decision.ts";
import type { Removed } from "./ranking.ts";
import type { Slot } from "./slot.ts";
import { toldTimes } from "./told-times.ts";

/** Told by name; a status has little room. */
const MAX_NAMES = 3;
const RETRY_AFTER_S = 1n;

/** The student has lessons in these slots, with whichever operator: whose they are stays unsaid. */
export function studentAlreadyBooked(slots: Slot[]): DomainError {
  const times = slots.map(({ localStartTime }) => localStartTime.toString({ smallestUnit: "minute" }));
  const message = `The student already has a lesson at ${times.length} of these times, first at ${times[0]}.`;
  return new DomainError("precondition", "STUDENT_ALREADY_BOOKED", message, {
    metadata: { local_start_times: toldTimes(times).join(",") },
  });
}

export function noTrainerAvailable(funnel: Funnel, sessionCount: number): DomainError {
  const { lookedAt } = funnel;
  const reach =
    lookedAt < funnel.reachLocation
      ? `more than ${lookedAt} reach the place, of whose nearest ${lookedAt}`
      : `${funnel.reachLocation} reach the place,`;
  const message =
    `Nobody can teach all ${sessionCount} sessions: ${funnel.active} trainers, ${funnel.teachCourse} teach the course, ` +
    `${funnel.sameOperator} of this operator, ${funnel.qualifiedOnEveryDate} qualified on every date, ` +
    `${reach} ${funnel.workAtEveryTime} work at these times, ` +
    `${funnel.freeOnEverySession} free on all of them.`;
  return new DomainError("precondition", "NO_TRAINER_AVAILABLE", message, {
    details: [{ desc: FunnelSchema, value: funnel }],
  });
}

/** Who looked free was not when it came to booking, again and again: what tells and what decides do not agree. */
export function neverFree(): DomainError {
  const message = "Whoever was free was booked meanwhile; nothing was decided. Try again with the same request_id.";
  return new DomainError("unavailable", "TRAINERS_TAKEN_MEANWHILE", message, {
    details: [{ desc: RetryInfoSchema, value: { retryDelay: { seconds: RETRY_AFTER_S } } }],
    bug: true,
  });
}

export function assignmentNotPossible(removed: Removed[]): DomainError {
  const names = removed.slice(0, MAX_NAMES).map(({ candidate }) => candidate.name);
  const others = removed.length - names.length;
  if (others > 0) names.push(others === 1 ? "one other" : `${others} others`);
  const message = `${names.join(" and ")} cannot give all sessions assigned to them at these times.`;
  return new DomainError("precondition", "ASSIGNMENT_NOT_POSSIBLE", message);
}

/** The same refusal, with the decision that records it. */
export function withDecision({ kind, reason, message, extras }: DomainError, decisionId: string): DomainError {
  const metadata = { ...extras.metadata, decision_id: decisionId };
  return new DomainError(kind, reason, message, { ...extras, metadata });
}
