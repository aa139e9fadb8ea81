import { CandidateSchema } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import type { Candidate } from "./candidate.ts";
import { REMOVALS } from "./decision.ts";
import type { Removal } from "./eligibility.ts";
import { distanceMeters } from "./geo.ts";
import type { Point } from "./point.ts";
import type { Session } from "./session.ts";
import { toldTimes } from "./told-times.ts";

const WHY: Record<Removal["reason"], string> = {
  not_active: "is not active, or does not work for this operator",
  not_qualified: "is not qualified for the course on every date",
  too_far: "does not reach the place",
  outside_working_hours: "does not work at these times",
  on_time_off: "is on time off",
  busy: "has other lessons then, or too close",
  daily_limit: "would have too many lessons on one day",
};

/** What keeps a trainer who was named, or who has the session, from giving it: which purchase's, where there are several. */
export function trainerNotEligible(
  { trainer, location, session }: { trainer: Candidate; location: Point; session?: Session },
  { reason, clashingSessionCount }: Removal,
  clashes: readonly string[] = [],
): DomainError {
  const { trainerId, version, base } = trainer;
  const told = toldTimes(clashes);
  const at = told.length === 0 ? "" : `: ${told.join(", ")}`;
  const value = {
    trainerId,
    version: BigInt(version),
    distanceMeters: distanceMeters(base, location),
    removal: REMOVALS[reason],
    clashingSessionCount,
  };
  return new DomainError("precondition", "TRAINER_NOT_ELIGIBLE", `The trainer ${WHY[reason]}${at}.`, {
    metadata: {
      trainer_id: trainerId,
      ...(session && { purchase_id: session.purchaseId }),
      removal: reason,
      clash_local_times: told.join(","),
    },
    details: [{ desc: CandidateSchema, value }],
  });
}

/** The student has other lessons at these of the wished-for times, with whichever operator: whose they are stays unsaid. */
export function studentTaken(wished: readonly string[], clashes: readonly string[]): DomainError {
  const told = toldTimes(clashes);
  const message = `The student already has a lesson then: from ${told.join(", ")}.`;
  return new DomainError("precondition", "STUDENT_ALREADY_BOOKED", message, {
    metadata: { local_start_times: toldTimes(wished).join(","), clash_local_times: told.join(",") },
  });
}

/** Another operator's trainer is none that can be assigned. */
export function trainerMissing(trainerId: string): DomainError {
  const message = `The operator has no trainer ${trainerId}.`;
  return new DomainError("not-found", "TRAINER_NOT_FOUND", message, { metadata: { trainer_id: trainerId } });
}

export function noSessionAhead(purchaseId: string): DomainError {
  const message = "No session of the purchase lies ahead.";
  return new DomainError("precondition", "NO_SESSION_AHEAD", message, { metadata: { purchase_id: purchaseId } });
}
