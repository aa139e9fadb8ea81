import type { Schedule } from "../../gen/cadre/booking/v1/schedule_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Transaction } from "../runtime/database.ts";
import { DomainError } from "../runtime/errors.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { withDecision } from "./booking-refusals.ts";
import type { Candidate } from "./candidate.ts";
import type { Choice } from "./choose-trainer.ts";
import { type DecisionFacts, newRecord } from "./decision-record.ts";
import { explain, withExplanation } from "./explanation.ts";
import { insertDecision } from "./move-queries.ts";
import { visibleTo } from "./operator.ts";
import type { Purchase } from "./purchase.ts";
import type { Change } from "./record-change.ts";
import type { Slot } from "./slot.ts";
import type { Zone } from "./zone.ts";

/** Sessions of a purchase that look for a trainer, and who might be it. */
export interface Assignment {
  decisionId: string;
  purchase: Purchase;
  slots: Slot[];
  choice: Choice;
  /** Where it comes to no sessions: what they were wished for by. */
  wished?: { schedule: Schedule; zone: Zone };
}

/**
 * Gives the sessions to the first of the shortlist with whom `hold` succeeds, each tried in a savepoint that gives its
 * lock back. Answers the trainer, or with the refusal: a decision is written either way.
 */
export async function assign(
  tx: Transaction,
  assignment: Assignment,
  change: Change,
  hold: (tx: Transaction, trainer: Candidate) => Promise<void>,
): Promise<Candidate | DomainError> {
  const { shortlist, refusal } = assignment.choice;
  const taken: string[] = [];
  let last = refusal;
  for (const trainer of shortlist) {
    const failure = await attempt(tx, (savepoint) => hold(savepoint, trainer));
    if (!failure) {
      await writeDecision(tx, assignment, change.now, { reason: null, trainerId: trainer.trainerId, taken });
      return trainer;
    }
    const isTaken = failure.reason === "TRAINER_NOT_ELIGIBLE";
    // Of the best it is told that nobody is left; of one who was named, why.
    last = isTaken ? (refusal ?? failure) : failure;
    if (!isTaken) break;
    taken.push(trainer.trainerId);
  }
  if (!last) throw new TypeError("a choice has somebody to try, or a refusal");
  return refuse(tx, assignment, change, { refusal: last, taken });
}

/** The same for several at once, each with the one trainer of its shortlist: all of them, or none. */
export async function assignTogether(
  tx: Transaction,
  assignments: readonly Assignment[],
  change: Change,
  hold: (tx: Transaction) => Promise<void>,
): Promise<DomainError | null> {
  const impossible = assignments.find(({ choice }) => choice.shortlist.length === 0);
  if (impossible?.choice.refusal) {
    const refusal = withPurchase(impossible.choice.refusal, impossible.purchase);
    return refuse(tx, impossible, change, { refusal, taken: [] });
  }
  const failure = await attempt(tx, hold);
  if (failure) {
    const { purchase_id: purchaseId, trainer_id: trainerId } = failure.extras.metadata ?? {};
    const failed = assignments.find(({ purchase }) => purchase.purchaseId === purchaseId);
    if (!failed || trainerId === undefined) throw failure;
    return refuse(tx, failed, change, { refusal: failure, taken: [trainerId] });
  }
  for (const assignment of assignments) {
    const trainerId = assignment.choice.shortlist[0]?.trainerId ?? null;
    await writeDecision(tx, assignment, change.now, { reason: null, trainerId, taken: [] });
  }
  return null;
}

function withPurchase({ kind, reason, message, extras }: DomainError, { purchaseId }: Purchase): DomainError {
  const metadata = { ...extras.metadata, purchase_id: purchaseId };
  return new DomainError(kind, reason, message, { ...extras, metadata });
}

/** The refusal of `hold`, whose work is undone then. */
async function attempt(tx: Transaction, hold: (tx: Transaction) => Promise<void>): Promise<DomainError | null> {
  try {
    await tx.transaction(hold);
    return null;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

async function refuse(
  tx: Transaction,
  assignment: Assignment,
  { action, caller, request, now }: Change,
  { refusal, taken }: { refusal: DomainError; taken: string[] },
): Promise<DomainError> {
  const { decisionId, purchase, slots } = assignment;
  await writeDecision(tx, assignment, now, { reason: refusal.reason, trainerId: null, taken });
  await writeAudit(tx, {
    caller,
    action,
    entity: "decision",
    entityId: decisionId,
    operatorId: purchase.operatorId,
    requestId: request.requestId,
    traceId: currentTrace()?.traceId ?? null,
    detail: { refusal_reason: refusal.reason, purchase_id: purchase.purchaseId },
    now,
  });
  const told = withDecision(refusal, decisionId);
  if (refusal.reason !== "NO_TRAINER_AVAILABLE") return told;
  const { judged } = assignment.choice;
  return withExplanation(told, explain({ judged, slots, location: purchase.location }, [], visibleTo(caller)));
}

function writeDecision(
  tx: Transaction,
  assignment: Assignment,
  now: Temporal.Instant,
  { reason, trainerId, taken }: { reason: string | null; trainerId: string | null; taken: string[] },
): Promise<unknown> {
  const { decisionId, purchase } = assignment;
  const decision = {
    operator_id: purchase.operatorId,
    decision_id: decisionId,
    purchase_id: purchase.purchaseId,
    refusal_reason: reason,
    record: newRecord(factsOf(assignment), reason),
    create_time: now.toString(),
  };
  return insertDecision(tx, decision, { trainerId, taken });
}

/** All that is decided of a purchase that there is already is who gives its sessions. */
function factsOf({ purchase, slots, choice, wished }: Assignment): DecisionFacts {
  const { studentId, courseId, location, sessionCount, sessionMinutes, zoneId, operatorId, timeZone } = purchase;
  return {
    studentId,
    courseId,
    location,
    schedule: wished?.schedule,
    assignments: [],
    studentExists: true,
    course: { sessionCount, sessionMinutes },
    zone: { zoneId, operatorId, timeZone, countryCode: "", regionCode: "", ...placeOf(wished?.zone) },
    slots,
    studentClashes: [],
    judged: choice.judged,
  };
}

function placeOf(zone: Zone | undefined) {
  return zone && { countryCode: zone.countryCode, regionCode: zone.regionCode };
}
