import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  BookingService,
  type ReassignedPurchaseSchema,
  type ReassignTrainerRequest,
  type ReassignTrainerResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { DomainError } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { assign, assignTogether } from "./assignment.ts";
import type { Candidate } from "./candidate.ts";
import type { BookingDeps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { holdLessons } from "./hold-lessons.ts";
import { withLead } from "./lead.ts";
import type { Lesson } from "./lesson.ts";
import { lockPurchases, lockStudentsOfPurchases } from "./lock-queries.ts";
import { saveMoves } from "./move-queries.ts";
import { type Visible, visibleTo } from "./operator.ts";
import { planReassignments, type Reassignment, readReassignments } from "./plan-reassignments.ts";
import { planned, planOf } from "./planned.ts";
import { type Purchase, purchaseMissing, purchaseToProto } from "./purchase.ts";
import { saveTrainersOf } from "./purchase-queries.ts";
import { type Change, noteChange } from "./record-change.ts";
import { reassign, sessionToProto } from "./session.ts";

/** All in one statement, after all locks: so two trainers swap, and one purchase's clash undoes the others' changes. */
export async function reassignTrainer(
  deps: BookingDeps,
  request: ReassignTrainerRequest,
  caller: Caller,
): Promise<ReassignTrainerResponse> {
  const visible = visibleTo(caller);
  const at = deps.now();
  const wanted = readReassignments(request);
  const prepared = await planned(planReassignments(deps, wanted, { visible, at }));

  const change = { action: "ReassignTrainer", caller, request, now: at };
  return once(deps.db, { method: BookingService.method.reassignTrainer, ...change }, async (tx) => {
    const reassignments = planOf(prepared);
    const locked = await lockAll(tx, reassignments, visible);
    const trainers = await assignAll(tx, reassignments, change);
    if (trainers instanceof DomainError) return trainers;
    const done = reassignments.flatMap((reassignment, index) => {
      const trainer = trainers[index];
      const purchase = locked.get(reassignment.purchase.purchaseId);
      if (!trainer || !purchase) return [];
      return [{ reassignment, trainer, purchase: changed(reassignment, trainer, { purchase, now: at }) }];
    });
    await saveTrainersOf(
      tx,
      done.map(({ purchase }) => purchase),
    );
    const purchases: MessageInitShape<typeof ReassignedPurchaseSchema>[] = [];
    for (const one of done) purchases.push(await note(tx, one, change));
    return { purchases };
  });
}

async function lockAll(
  tx: Transaction,
  reassignments: readonly Reassignment[],
  visible: Visible,
): Promise<Map<string, Purchase>> {
  const ids = reassignments.map(({ purchase }) => purchase.purchaseId);
  await lockStudentsOfPurchases(tx, ids, visible);
  const locked = new Map((await lockPurchases(tx, ids, visible)).map((purchase) => [purchase.purchaseId, purchase]));
  for (const { purchase } of reassignments) {
    const now = locked.get(purchase.purchaseId);
    if (!now) throw purchaseMissing(purchase.purchaseId);
    // Its version covers its sessions: what was planned still holds.
    etagMatches(String(purchase.version), now.version);
  }
  return locked;
}

/** The trainer of each, or the refusal. */
async function assignAll(
  tx: Transaction,
  reassignments: readonly Reassignment[],
  change: Change,
): Promise<Candidate[] | DomainError> {
  const [first, second] = reassignments;
  if (first && !second) {
    const chosen = await assign(tx, first, change, (savepoint, trainer) => hold(savepoint, [first], [trainer], change));
    return chosen instanceof DomainError ? chosen : [chosen];
  }
  const trainers = reassignments.flatMap(({ choice }) => choice.shortlist.slice(0, 1));
  const refusal = await assignTogether(tx, reassignments, change, (savepoint) =>
    hold(savepoint, reassignments, trainers, change),
  );
  return refusal ?? trainers;
}

async function hold(
  tx: Transaction,
  reassignments: readonly Reassignment[],
  trainers: readonly Candidate[],
  { now }: Change,
): Promise<void> {
  const lessons = reassignments.flatMap(({ sessions, purchase }, index): Lesson[] => {
    const trainer = trainers[index];
    if (!trainer) return [];
    return sessions.map((session) => ({
      session: reassign(session, trainer.trainerId, now),
      trainer,
      location: purchase.location,
    }));
  });
  const freed = reassignments.flatMap(({ sessions }) => sessions.map(({ trainerId }) => trainerId));
  await holdLessons(tx, lessons, { freed, timesChange: false, save: saveMoves });
}

function changed(
  { all, sessions, decisionId }: Reassignment,
  { trainerId }: Candidate,
  { purchase, now }: { purchase: Purchase; now: Temporal.Instant },
): Purchase {
  const given = new Set(sessions.map(({ sessionId }) => sessionId));
  const after = all.map((session) => (given.has(session.sessionId) ? { ...session, trainerId } : session));
  return withLead(purchase, after, { trainerId, decisionId, now });
}

async function note(
  tx: Transaction,
  { reassignment, trainer, purchase }: { reassignment: Reassignment; trainer: Candidate; purchase: Purchase },
  change: Change,
): Promise<MessageInitShape<typeof ReassignedPurchaseSchema>> {
  const { sessions, decisionId } = reassignment;
  const { trainerId } = trainer;
  const sessionIds = sessions.map(({ sessionId }) => sessionId);
  const detail = { trainer_id: trainerId, decision_id: decisionId, session_ids: sessionIds };
  await noteChange(tx, purchase, change, { detail });
  return {
    purchase: purchaseToProto(purchase),
    sessions: sessions.map((session) => sessionToProto(reassign(session, trainerId, change.now))),
    decisionId,
  };
}
