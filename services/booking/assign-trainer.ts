import {
  type AssignTrainerRequest,
  type AssignTrainerResponse,
  BookingService,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { type Assignment, assign } from "./assignment.ts";
import { chooseBest, chooseNamed, readNamed } from "./choose-trainer.ts";
import type { BookingDeps } from "./deps.ts";
import { etagMatches } from "./etag.ts";
import { holdLessons } from "./hold-lessons.ts";
import { lockSchedule } from "./lock-session.ts";
import { insertLessons } from "./move-queries.ts";
import { type Visible, visibleTo } from "./operator.ts";
import { planned, planOf } from "./planned.ts";
import { closedOnHolidays } from "./public-holidays.ts";
import { assignTo, mayBe, type Purchase, purchaseMissing, purchaseToProto } from "./purchase.ts";
import { findDecision, findPurchase } from "./purchase-queries.ts";
import { readSchedule } from "./read-schedule.ts";
import { recordChange } from "./record-change.ts";
import { expand, type Schedule } from "./schedule.ts";
import { newSession, sessionToProto } from "./session.ts";
import { studentMissing } from "./student.ts";
import { findStudent } from "./student-queries.ts";
import { findZone } from "./zone-queries.ts";

export async function assignTrainer(
  deps: BookingDeps,
  request: AssignTrainerRequest,
  caller: Caller,
): Promise<AssignTrainerResponse> {
  const { db, newId } = deps;
  const visible = visibleTo(caller);
  const at = deps.now();
  const schedule = request.schedule ? readSchedule(request.schedule) : null;
  const prepared = await planned(plan(deps, request, { schedule, visible, at }));

  const change = { action: "AssignTrainer", caller, request, now: at };
  return once(db, { method: BookingService.method.assignTrainer, ...change }, async (tx) => {
    const assignment = planOf(prepared);
    const purchase = await lockSchedule(tx, request.purchaseId, visible);
    etagMatches(request.etag, purchase.version);
    const student = await findStudent(tx, purchase.studentId, visible);
    if (!student || student.eraseTime) throw studentMissing(purchase.studentId);

    const sessions = assignment.slots.map((slot) => newSession(purchase, slot, newId()));
    const chosen = await assign(tx, assignment, change, async (savepoint, trainer) => {
      const lessons = sessions.map((session) => ({
        session: { ...session, trainerId: trainer.trainerId },
        trainer,
        location: purchase.location,
      }));
      await holdLessons(savepoint, lessons, { freed: [], timesChange: true, save: insertLessons });
    });
    if (chosen instanceof DomainError) return chosen;

    const { trainerId } = chosen;
    const assigned = assignTo("assign", purchase, { trainerId, decisionId: assignment.decisionId });
    const detail = { trainer_id: trainerId, decision_id: assignment.decisionId };
    await recordChange(tx, assigned, change, { detail });
    return {
      purchase: purchaseToProto(assigned),
      sessions: sessions.map((session) => sessionToProto({ ...session, trainerId })),
    };
  });
}

async function plan(
  deps: BookingDeps,
  { purchaseId, etag, trainerId }: AssignTrainerRequest,
  { schedule, visible, at }: { schedule: Schedule | null; visible: Visible; at: Temporal.Instant },
): Promise<Assignment> {
  const purchase = await findPurchase(deps.db, purchaseId, visible);
  if (!purchase) throw purchaseMissing(purchaseId);
  etagMatches(etag, purchase.version);
  mayBe("assign", purchase);

  const { courseId, operatorId, location, studentId } = purchase;
  const wanted = schedule
    ? await inItsZone(deps, schedule, { purchase, visible, at })
    : await wishedFor(deps, purchase, visible);
  const slots = expand(wanted, purchase, purchase.timeZone, at);
  const wish = { courseId, operatorId, location, slots };
  const choice =
    trainerId === undefined
      ? await chooseBest(deps, wish, { studentId, except: new Set(), now: at })
      : chooseNamed(wish, await readNamed(deps.trainers, [trainerId.toLowerCase()]), trainerId.toLowerCase());
  return { decisionId: deps.newId(), purchase, slots, choice };
}

async function inItsZone(
  { db }: Pick<BookingDeps, "db">,
  schedule: Schedule,
  { purchase, visible, at }: { purchase: Purchase; visible: Visible; at: Temporal.Instant },
): Promise<Schedule> {
  const zone = await findZone(db, purchase.zoneId, visible);
  if (!zone) throw purchaseMissing(purchase.purchaseId);
  return closedOnHolidays(schedule, zone, at);
}

/** The times that the refusal was about. */
async function wishedFor(
  { db }: Pick<BookingDeps, "db">,
  { decisionId, timeZone }: Purchase,
  visible: Visible,
): Promise<Schedule> {
  const decision = await findDecision(db, decisionId, visible);
  const startTimesMs = decision?.document.inputs.startTimesMs ?? [];
  const localStartTimes = startTimesMs.map((ms) =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDateTime(),
  );
  return { kind: "explicit", localStartTimes };
}
