import {
  BookingService,
  type RescheduleSessionRequest,
  type RescheduleSessionResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import type { Candidate } from "./candidate.ts";
import { getTrainer, getTrainerOf, readNamed } from "./choose-trainer.ts";
import type { BookingDeps } from "./deps.ts";
import { judge } from "./eligibility.ts";
import { etagMatches, etagMismatch } from "./etag.ts";
import { holdLessons } from "./hold-lessons.ts";
import { readLocalTime } from "./local-time.ts";
import { lockSession } from "./lock-session.ts";
import { saveMoves } from "./move-queries.ts";
import { trainerNotEligible } from "./move-refusals.ts";
import { type Visible, visibleTo } from "./operator.ts";
import { planned, planOf } from "./planned.ts";
import { mayBe, type Purchase, purchaseToProto, touch } from "./purchase.ts";
import { findPurchaseOfSession, findSession } from "./purchase-queries.ts";
import { recordChange } from "./record-change.ts";
import { expand, type Slot } from "./schedule.ts";
import { reschedule, type Session, sessionMissing, sessionToProto } from "./session.ts";

/** Where a session shall go, judged by what was there before the locks. */
interface Plan {
  slot: Slot;
  trainer: Candidate;
}

export async function rescheduleSession(
  deps: BookingDeps,
  request: RescheduleSessionRequest,
  caller: Caller,
): Promise<RescheduleSessionResponse> {
  const { sessionId, etag } = request;
  const visible = visibleTo(caller);
  const at = deps.now();
  const local = readLocalTime("local_start_time", request.localStartTime);
  const prepared = await planned(plan(deps, request, { local, visible, at }));

  const call = { method: BookingService.method.rescheduleSession, caller, request, now: at };
  return once(deps.db, call, async (tx) => {
    const { slot, trainer } = planOf(prepared);
    const { session, purchase } = await lockSession(tx, sessionId, visible);
    etagMatches(etag, session.version);
    mayBe("reschedule", purchase);
    // Another trainer has taken the purchase over since: the plan is about the one before.
    if (wantedTrainer(request, session, purchase) !== trainer.trainerId) throw etagMismatch(session.version);

    const moved = reschedule(session, slot, trainer.trainerId);
    await holdLessons(tx, [{ session: moved, trainer, location: purchase.location }], {
      freed: [session.trainerId],
      timesChange: true,
      save: saveMoves,
    });
    const touched = touch(purchase);
    const detail = { from: session.startTime, to: moved.startTime, trainer_id: moved.trainerId };
    await recordChange(tx, touched, { action: "RescheduleSession", caller, request, now: at }, { sessionId, detail });
    return { session: sessionToProto(moved), purchase: purchaseToProto(touched) };
  });
}

async function plan(
  { db, trainers }: BookingDeps,
  request: RescheduleSessionRequest,
  { local, visible, at }: { local: Temporal.PlainDateTime; visible: Visible; at: Temporal.Instant },
): Promise<Plan> {
  const session = await findSession(db, request.sessionId, visible);
  const purchase = session && (await findPurchaseOfSession(db, session));
  if (!session || !purchase) throw sessionMissing(request.sessionId);
  etagMatches(request.etag, session.version);
  mayBe("reschedule", purchase);

  const terms = { sessionCount: 1, sessionMinutes: purchase.sessionMinutes };
  const [slot] = expand({ kind: "explicit", localStartTimes: [local] }, terms, purchase.timeZone, at);
  if (!slot) throw new TypeError("one time makes one slot");
  const wanted = wantedTrainer(request, session, purchase);
  reschedule(session, slot, wanted);

  const named = await readNamed(trainers, [wanted]);
  const { courseId, operatorId, location } = purchase;
  const own = request.trainerId === undefined;
  const trainer = own ? getTrainer(named, wanted) : getTrainerOf(operatorId, named, wanted);
  const removal = judge({ courseId, operatorId, location, slots: [slot] })(trainer);
  if (removal) throw trainerNotEligible({ trainer, location }, removal);
  return { slot, trainer };
}

/** A session that is owed goes to whoever gives the purchase now. */
function wantedTrainer({ trainerId }: RescheduleSessionRequest, session: Session, purchase: Purchase): string {
  if (trainerId !== undefined) return trainerId.toLowerCase();
  return session.state === "scheduled" ? session.trainerId : (purchase.trainerId ?? session.trainerId);
}
