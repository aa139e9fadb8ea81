import {
  BookingService,
  type RescheduleSessionRequest,
  type RescheduleSessionResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { type Assignment, assign } from "./assignment.ts";
import { chooseOne, getTrainer, getTrainerOf, readNamed } from "./choose-trainer.ts";
import type { BookingDeps } from "./deps.ts";
import { etagMatches, etagMismatch } from "./etag.ts";
import { holdLessons } from "./hold-lessons.ts";
import { withLead } from "./lead.ts";
import { readLocalTime } from "./local-time.ts";
import { lockSession } from "./lock-session.ts";
import { saveMoves } from "./move-queries.ts";
import { type Visible, visibleTo } from "./operator.ts";
import { planned, planOf } from "./planned.ts";
import { mayBe, type Purchase, purchaseToProto, touch } from "./purchase.ts";
import { findPurchaseOfSession, findSession, findSessionsOf } from "./purchase-queries.ts";
import { recordChange } from "./record-change.ts";
import { expand } from "./schedule.ts";
import { mayBeRescheduled, reschedule, type Session, sessionMissing, sessionToProto } from "./session.ts";
import type { Slot } from "./slot.ts";

/** Where a session shall go, and with whom, judged by what was there before the locks. */
interface Plan {
  assignment: Assignment;
  slot: Slot;
  trainerId: string;
}

export async function rescheduleSession(
  deps: BookingDeps,
  request: RescheduleSessionRequest,
  caller: Caller,
): Promise<RescheduleSessionResponse> {
  const visible = visibleTo(caller);
  const at = deps.now();
  const local = readLocalTime("local_start_time", request.localStartTime);
  const prepared = await planned(plan(deps, request, { local, visible, at }));

  const change = { action: "RescheduleSession", caller, request, now: at };
  return once(deps.db, { method: BookingService.method.rescheduleSession, ...change }, async (tx) => {
    const wanted = planOf(prepared);
    const { session, purchase } = await lockSession(tx, request.sessionId, visible);
    stillHolds(wanted, request, { session, purchase });

    const { decisionId } = wanted.assignment;
    const moved = reschedule(session, wanted.slot, wanted.trainerId);
    const chosen = await assign(tx, wanted.assignment, change, (savepoint, trainer) =>
      holdLessons(savepoint, [{ session: moved, trainer, location: purchase.location }], {
        freed: [session.trainerId],
        timesChange: true,
        save: saveMoves,
      }),
    );
    if (chosen instanceof DomainError) return chosen;

    const { trainerId } = chosen;
    const changed =
      trainerId === session.trainerId
        ? touch(purchase)
        : withLead(purchase, await findSessionsOf(tx, purchase), { trainerId, decisionId, now: at });
    const detail = { from: session.startTime, to: moved.startTime, trainer_id: trainerId, decision_id: decisionId };
    await recordChange(tx, changed, change, { sessionId: session.sessionId, detail });
    return { session: sessionToProto(moved), purchase: purchaseToProto(changed), decisionId };
  });
}

async function plan(
  { db, trainers, newId }: BookingDeps,
  request: RescheduleSessionRequest,
  { local, visible, at }: { local: Temporal.PlainDateTime; visible: Visible; at: Temporal.Instant },
): Promise<Plan> {
  const session = await findSession(db, request.sessionId, visible);
  const purchase = session && (await findPurchaseOfSession(db, session));
  if (!session || !purchase) throw sessionMissing(request.sessionId);
  etagMatches(request.etag, session.version);
  mayBeRescheduled(session);
  mayBe("reschedule", purchase);

  const terms = { sessionCount: 1, sessionMinutes: purchase.sessionMinutes };
  const slots = expand({ kind: "explicit", localStartTimes: [local] }, terms, purchase.timeZone, at);
  const [slot] = slots;
  if (!slot) throw new TypeError("one time makes one slot");

  const { courseId, operatorId, location } = purchase;
  const trainerId = wantedTrainer(request, session, purchase);
  const named = await readNamed(trainers, [trainerId]);
  const own = request.trainerId === undefined;
  const trainer = own ? getTrainer(named, trainerId) : getTrainerOf(operatorId, named, trainerId);
  const choice = chooseOne({ courseId, operatorId, location, slots }, trainer, named.ageMs);
  return { assignment: { decisionId: newId(), purchase, slots, choice }, slot, trainerId };
}

/** Refuses when what the plan is about has changed: the session, who gives it, or where, when its student was erased. */
function stillHolds(
  { assignment, trainerId }: Plan,
  request: RescheduleSessionRequest,
  { session, purchase }: { session: Session; purchase: Purchase },
): void {
  etagMatches(request.etag, session.version);
  mayBe("reschedule", purchase);
  const { latitude, longitude } = assignment.purchase.location;
  const isThere = purchase.location.latitude === latitude && purchase.location.longitude === longitude;
  if (!isThere || wantedTrainer(request, session, purchase) !== trainerId) throw etagMismatch(session.version);
}

/** A session that is owed goes to whoever gives the purchase now. */
function wantedTrainer({ trainerId }: RescheduleSessionRequest, session: Session, purchase: Purchase): string {
  if (trainerId !== undefined) return trainerId.toLowerCase();
  return session.state === "scheduled" ? session.trainerId : (purchase.trainerId ?? session.trainerId);
}
