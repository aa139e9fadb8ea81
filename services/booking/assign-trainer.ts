import { create, fromBinary } from "@bufbuild/protobuf";
import {
  type AssignTrainerRequest,
  type AssignTrainerResponse,
  BookingService,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { DecisionRecordSchema } from "../../gen/cadre/booking/v1/decision_record_pb.ts";
import { type Schedule as ScheduleMessage, ScheduleSchema } from "../../gen/cadre/booking/v1/schedule_pb.ts";
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
import { recordedFacts } from "./read-record.ts";
import { readSchedule } from "./read-schedule.ts";
import { recordChange } from "./record-change.ts";
import { expand } from "./schedule.ts";
import { newSession, sessionToProto } from "./session.ts";
import type { Slot } from "./slot.ts";
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
  if (request.schedule) readSchedule(request.schedule);
  const prepared = await planned(plan(deps, request, { visible, at }));

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
  { purchaseId, etag, trainerId, schedule }: AssignTrainerRequest,
  { visible, at }: { visible: Visible; at: Temporal.Instant },
): Promise<Assignment> {
  const purchase = await findPurchase(deps.db, purchaseId, visible);
  if (!purchase) throw purchaseMissing(purchaseId);
  etagMatches(etag, purchase.version);
  mayBe("assign", purchase);

  const zone = await findZone(deps.db, purchase.zoneId, visible);
  if (!zone) throw purchaseMissing(purchaseId);
  const wished = { schedule: schedule ?? (await wishedFor(deps, purchase, visible)), zone };
  const decisionId = deps.newId();
  const slots = await slotsOf(wished, purchase, at);
  if (slots instanceof DomainError) {
    return { decisionId, purchase, slots: [], wished, choice: { shortlist: [], judged: null, refusal: slots } };
  }

  const { courseId, operatorId, location, studentId } = purchase;
  const wish = { courseId, operatorId, location, slots };
  const choice =
    trainerId === undefined
      ? await chooseBest(deps, wish, { studentId, except: new Set(), now: at })
      : chooseNamed(wish, await readNamed(deps.trainers, [trainerId.toLowerCase()]), trainerId.toLowerCase());
  return { decisionId, purchase, slots, choice };
}

/** The sessions, or why there cannot be any at those times. */
async function slotsOf(
  { schedule, zone }: NonNullable<Assignment["wished"]>,
  purchase: Purchase,
  at: Temporal.Instant,
): Promise<Slot[] | DomainError> {
  try {
    return expand(await closedOnHolidays(readSchedule(schedule), zone, at), purchase, purchase.timeZone, at);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** The times that the refusal was about, as its record has them: by today's clocks the same instants may be others. */
async function wishedFor(
  { db }: Pick<BookingDeps, "db">,
  { decisionId, timeZone }: Purchase,
  visible: Visible,
): Promise<ScheduleMessage> {
  const decision = await findDecision(db, decisionId, visible);
  const { startTimesMs = [] } = decision?.document.inputs ?? {};
  const times = decision?.record
    ? recordedFacts(fromBinary(DecisionRecordSchema, decision.record)).slots.map(({ localStartTime }) => localStartTime)
    : startTimesMs.map((ms) =>
        Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDateTime(),
      );
  const localStartTimes = times.map((time) => time.toString({ smallestUnit: "minute" }));
  return create(ScheduleSchema, { times: { case: "explicit", value: { localStartTimes } } });
}
