import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { expect } from "@jest/globals";
import fc from "fast-check";
import { type Explanation, ExplanationSchema } from "../../../gen/cadre/booking/v1/explanation_pb.ts";
import type { Offer } from "../../../gen/cadre/booking/v1/offer_pb.ts";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { TrainerStatus, WorkingHoursSchema } from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import type { DayOfWeek } from "../../../gen/google/type/dayofweek_pb.ts";
import { timestampOf } from "../../runtime/timestamps.ts";
import { aTrainer, type BookingServer, COMPANY, explicit, givenStudent, startBookingServer } from "./booking-server.ts";
import { type DrawnTrainer, type DrawnWish, type DrawnWorld, drawnWorld } from "./drawn-worlds.ts";
import { type Model, type ModelTrainer, type ModelZone, newModel, repeated } from "./model.ts";
import { travel } from "./sphere.ts";

const FRANCHISE = randomUUID();
const OPERATORS = [COMPANY, FRANCHISE];
const EVERY_DAY: DayOfWeek[] = [1, 2, 3, 4, 5, 6, 7];

let mesh: BookingServer;
let worlds = 0;

/**
 * Lives in so many random worlds beside the model, through the real service: what is booked and refused, offered and taken,
 * and in the end every decision made again. Answers how often each came up; a failure prints its seed.
 */
export async function liveInWorlds(numRuns: number): Promise<Map<string, number>> {
  mesh = await startBookingServer();
  const seen = new Map<string, number>();
  const saw = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  try {
    await fc.assert(
      fc.asyncProperty(drawnWorld, (drawn) => live(drawn, saw)),
      { numRuns, endOnFailure: true },
    );
  } finally {
    await mesh.close();
  }
  return seen;
}

async function live(drawn: DrawnWorld, saw: (what: string) => void) {
  const { courseId, zones } = await givenZones(drawn);
  const students = [await givenStudent(mesh), await givenStudent(mesh)];
  const trainers = drawn.trainers.map((one) => modelTrainer(one, zones));
  mesh.directory.trainers = trainers.map((one) => toDirectory(one, courseId));
  const model = newModel(trainers);
  const decisionIds: string[] = [];

  for (const wish of drawn.wishes) {
    const zone = zones[wish.operator];
    const studentId = students[wish.student];
    if (!zone || !studentId) throw new Error("no such zone or student");
    const { times, schedule } = wishedFor(wish, drawn.sessionCount);
    const request = { courseId, studentId, location: zone.location, schedule };
    const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: zone.operatorId });
    const verdict = model.verdict(zone, studentId, times);
    const { outcome } = await operator.previewPurchase(request);
    const { decisionId, ...result } = await bookOrRefuse(operator, request);
    decisionIds.push(decisionId);
    if ("trainerId" in verdict) {
      expect(result).toEqual(verdict);
      expect(outcome).toMatchObject({ case: "possible", value: { trainer: verdict } });
      model.book(
        zone,
        studentId,
        times.map((localStartTime) => ({ localStartTime, ...verdict })),
      );
      saw("booked");
      continue;
    }
    expect(result).toMatchObject({ refused: verdict.refused });
    expect(outcome).toMatchObject({ case: "refused", value: { info: { reason: verdict.refused } } });
    saw(verdict.refused);
    const offers = (result as { explanation?: Explanation }).explanation?.offers ?? [];
    for (const offer of offers) checkOffer(model, zone, studentId, times, offer);
    const taken = offers.findLast((offer) => wish.takes === "any" || wish.takes === kindOf(offer));
    if (taken) {
      saw(kindOf(taken));
      decisionIds.push(await take(operator, request, taken, times));
      model.book(zone, studentId, sessionsOf(taken, times));
    }
  }
  await replayAll(decisionIds);
}

/** The sessions by the model, and what is asked of the service for them. */
function wishedFor({ times }: DrawnWish, sessionCount: number) {
  if (Array.isArray(times)) {
    const listed = times.slice(0, sessionCount);
    return { times: listed, schedule: explicit(...listed) };
  }
  return { times: repeated(times, sessionCount), schedule: { times: { case: "weekly" as const, value: times } } };
}

/** When nobody is there any more, each decision comes out as it did then. */
async function replayAll(decisionIds: string[]): Promise<void> {
  mesh.directory.history = mesh.directory.trainers;
  mesh.directory.trainers = [];
  for (const decisionId of decisionIds) {
    const { decision } = await mesh.bookings.getDecision({ decisionId });
    expect(await mesh.bookings.replayDecision({ decisionId })).toMatchObject({ same: true, decision });
  }
}

function kindOf({ times }: Offer): string {
  return times ? "moved" : "split";
}

function checkOffer(model: Model, zone: ModelZone, studentId: string, times: string[], offer: Offer): void {
  const sessions = sessionsOf(offer, times);
  expect(sessions).toHaveLength(times.length);
  expect([offer, model.possible(zone, studentId, sessions)]).toEqual([offer, true]);
}

/** What the offer says, session by session. */
function sessionsOf({ times, assignments }: Offer, wished: string[]) {
  return (times?.localStartTimes ?? wished).toSorted().map((localStartTime, index) => {
    const assignment = assignments.findLast(({ fromSequence }) => fromSequence <= index + 1);
    return { localStartTime, trainerId: assignment?.trainerId ?? "" };
  });
}

type Operator = BookingServer["bookings"];

type Wish = {
  courseId: string;
  studentId: string;
  location: ModelZone["location"];
  schedule: ReturnType<typeof wishedFor>["schedule"];
};

async function bookOrRefuse(operator: Operator, request: Wish) {
  try {
    const { trainer, purchase } = await operator.bookPurchase({ ...request, requestId: randomUUID() });
    return { trainerId: trainer?.trainerId, decisionId: purchase?.decisionId ?? "" };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const [explanation] = error.findDetails(ExplanationSchema);
    const [info] = error.findDetails(ErrorInfoSchema);
    const decisionId = info?.metadata.decision_id ?? "";
    return { refused: info?.reason ?? error.message, explanation, decisionId };
  }
}

async function take(operator: Operator, request: Wish, offer: Offer, times: string[]): Promise<string> {
  const schedule = offer.times ? explicit(...offer.times.localStartTimes) : request.schedule;
  const { assignments } = offer;
  const { sessions, purchase } = await operator.bookPurchase({
    ...request,
    schedule,
    assignments,
    requestId: randomUUID(),
  });
  const booked = sessions.map(({ localStartTime, trainerId }) => ({
    localStartTime: localStartTime.slice(0, "2030-03-28T17:30".length),
    trainerId,
  }));
  expect(booked).toEqual(sessionsOf(offer, times));
  return purchase?.decisionId ?? "";
}

/** Two zones side by side, of the company and of a franchise, far from those of the other worlds. */
async function givenZones({
  timeZone,
  sessionMinutes,
  sessionCount,
}: {
  timeZone: string;
  sessionMinutes: number;
  sessionCount: number;
}) {
  worlds += 1;
  const centre = { latitude: (worlds % 50) * 2 - 50, longitude: Math.floor(worlds / 50) * 3 - 150 };
  const places = [centre, travel(centre, 90, 30_000)];
  for (const [index, place] of places.entries()) {
    await mesh.zones.createZone({
      requestId: randomUUID(),
      name: randomUUID(),
      centre: place,
      radiusMeters: 12_000,
      timeZone,
      countryCode: "DE",
      ...(index === 1 ? { franchiseId: FRANCHISE } : {}),
    });
  }
  const { course } = await mesh.courses.createCourse({
    requestId: randomUUID(),
    name: randomUUID(),
    sessionCount,
    sessionMinutes,
  });
  const zones = places.map((location, index) => ({
    location,
    timeZone,
    sessionMinutes,
    operatorId: OPERATORS[index] ?? "",
  }));
  return { courseId: course?.courseId ?? "", zones };
}

function modelTrainer(drawn: DrawnTrainer, zones: ModelZone[]): ModelTrainer {
  const { operator, bearing, meters, hours, daysOff, timeOff, ...facts } = drawn;
  const place = zones[operator];
  if (!place) throw new Error("no such zone");
  const start = timeOff && Date.parse(`${timeOff[0]}Z`) / 60_000;
  return {
    ...facts,
    trainerId: randomUUID(),
    operatorId: place.operatorId,
    base: travel(place.location, bearing, meters),
    workingHours: hours
      .flatMap((range, index) => EVERY_DAY.slice(index, index + 1).map((dayOfWeek) => ({ dayOfWeek, ...range })))
      .filter(({ dayOfWeek }) => !daysOff.includes(dayOfWeek)),
    timeOff: timeOff && start !== null ? [{ start, end: start + timeOff[1] }] : [],
  };
}

function toDirectory({ active, qualification, timeOff, workingHours, ...facts }: ModelTrainer, courseId: string) {
  const at = (minute: number) => timestampOf(Temporal.Instant.fromEpochMilliseconds(minute * 60_000));
  const held = qualification && {
    courseId,
    fromDate: qualification.fromDate,
    ...(qualification.untilDate === null ? {} : { untilDate: qualification.untilDate }),
  };
  return aTrainer(courseId, {
    ...facts,
    status: active ? TrainerStatus.ACTIVE : TrainerStatus.SUSPENDED,
    workingHours: workingHours.map((range) => create(WorkingHoursSchema, range)),
    qualifications: held ? [held] : [],
    timeOff: timeOff.map(({ start, end }) => ({ startTime: at(start), endTime: at(end) })),
  });
}
