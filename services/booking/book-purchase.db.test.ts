import { randomUUID } from "node:crypto";
import { toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { BookPurchaseResponseSchema } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { FunnelSchema, Removal } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { PurchaseState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  explicit,
  givenCatalogue,
  givenStudent,
  NOW,
  skippedHour,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;

beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());
beforeEach(async () => {
  given = await givenCatalogue(mesh);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  mesh.directory.searched = null;
  mesh.directory.down = false;
  mesh.directory.calls = [];
});

function wish(schedule = weekly("17:00"), more: object = {}) {
  const { studentId, courseId, location } = given;
  return { requestId: randomUUID(), studentId, courseId, location, schedule, ...more };
}

function reasonOf(error: unknown) {
  const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
  return info?.reason;
}

async function refusalOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(() => undefined, ConnectError.from);
  if (!error) throw new Error("the call succeeded");
  return error;
}

async function countOf(table: string): Promise<number> {
  return mesh.database.all.oneFirst(
    sql.type(z.object({ count: z.number() }))`select count(*) from ${sql.identifier([table])}`,
  );
}

test("one call finds zone, operator and trainer, and books all thirty sessions", async () => {
  const booked = await mesh.bookings.bookPurchase(wish());
  expect(booked.zone).toMatchObject({ zoneId: given.zoneId, operatorId: COMPANY });
  expect(booked.trainer).toMatchObject({ trainerId: mesh.directory.trainers[0]?.trainerId, name: "Ada" });
  expect(booked.purchase).toMatchObject({ state: PurchaseState.ASSIGNED, sessionCount: 30, operatorId: COMPANY });
  expect(booked.sessions).toHaveLength(30);
  expect(booked.sessions[0]).toMatchObject({ sequence: 1, localStartTime: "2030-01-07T17:00:00" });
  expect(booked.sessions[29]).toMatchObject({ sequence: 30, localStartTime: "2030-04-18T17:00:00" });

  const purchaseId = booked.purchase?.purchaseId ?? "";
  const stored = await mesh.bookings.listSessions({ purchaseId, pageSize: 100 });
  expect(stored.sessions).toEqual(booked.sessions);
  expect((await mesh.bookings.getPurchase({ purchaseId })).purchase).toEqual(booked.purchase);
});

test("booking makes two calls, one to find and one to be sure", async () => {
  await mesh.bookings.bookPurchase(wish());
  expect(mesh.directory.calls).toEqual(["SearchTrainers", "GetTrainers"]);
});

test("the times keep their hour when the clocks change", async () => {
  const { sessions } = await mesh.bookings.bookPurchase(wish());
  const utcHours = sessions.map(({ startTime }) => new Date(Number(startTime?.seconds) * 1000).getUTCHours());
  expect(utcHours[0]).toBe(16);
  expect(utcHours.at(-1)).toBe(15);
  expect(new Set(sessions.map(({ localStartTime }) => localStartTime.slice(11)))).toEqual(new Set(["17:00:00"]));
});

test("the decision tells candidates, ranks and what removed whom", async () => {
  const near = aTrainer(given.courseId);
  const far = aTrainer(given.courseId, { base: { latitude: 52.55, longitude: 13.3777 } });
  const asleep = aTrainer(given.courseId, { workingHours: [] });
  mesh.directory.trainers = [asleep, far, near];
  const { purchase } = await mesh.bookings.bookPurchase(wish());
  const { decision } = await mesh.bookings.getDecision({ decisionId: purchase?.decisionId ?? "" });
  expect(decision).toMatchObject({ trainerId: near.trainerId, refusalReason: "", purchaseId: purchase?.purchaseId });
  expect(decision?.candidates).toMatchObject([
    { trainerId: near.trainerId, rank: 1, score: 0 },
    { trainerId: far.trainerId, rank: 2, score: 3.747 },
    { trainerId: asleep.trainerId, rank: 0, removal: Removal.OUTSIDE_WORKING_HOURS, clashingSessionCount: 30 },
  ]);
  expect(decision?.inputs?.startTimes).toHaveLength(30);
});

test("the same request gives the same answer, and books once", async () => {
  const request = wish();
  const first = await mesh.bookings.bookPurchase(request);
  const before = await countOf("session");
  expect(await mesh.bookings.bookPurchase(request)).toEqual(first);
  mesh.directory.down = true;
  expect(await mesh.bookings.bookPurchase(request)).toEqual(first);
  expect(await countOf("session")).toBe(before);
});

test("twins that come at once get one answer", async () => {
  const request = wish();
  const answers = await Promise.all(Array.from({ length: 8 }, () => mesh.bookings.bookPurchase(request)));
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect((await mesh.bookings.listPurchases({ studentId: given.studentId })).purchases).toHaveLength(1);
});

test("a request_id with another body is refused", async () => {
  const request = wish();
  await mesh.bookings.bookPurchase(request);
  const error = await refusalOf(mesh.bookings.bookPurchase({ ...request, schedule: weekly("08:00") }));
  expect([error.code, reasonOf(error)]).toEqual([Code.Aborted, "REQUEST_ID_REUSED"]);
});

test("an answer that was stored as JSON, by a release before, is the answer still", async () => {
  const request = wish();
  const first = await mesh.bookings.bookPurchase(request);
  const stored = toJsonString(BookPurchaseResponseSchema, first);
  await mesh.database.all.query(
    sql.unsafe`update idempotency set response = ${sql.binary(Buffer.from(stored))} where request_id = ${request.requestId}`,
  );
  expect(await mesh.bookings.bookPurchase(request)).toEqual(first);
});

test("a busy trainer is not booked twice: the refusal carries the funnel and its decision, and repeats", async () => {
  await mesh.bookings.bookPurchase(wish());
  const studentId = await givenStudent(mesh);
  const request = wish(weekly("17:30"), { studentId });
  const error = await refusalOf(mesh.bookings.bookPurchase(request));
  expect([error.code, reasonOf(error)]).toEqual([Code.FailedPrecondition, "NO_TRAINER_AVAILABLE"]);
  expect(error.findDetails(FunnelSchema)).toMatchObject([
    { active: 1, reachLocation: 1, workAtEveryTime: 1, freeOnEverySession: 0 },
  ]);

  const [info] = error.findDetails(ErrorInfoSchema);
  const { decision } = await mesh.bookings.getDecision({ decisionId: info?.metadata.decision_id ?? "" });
  expect(decision).toMatchObject({ refusalReason: "NO_TRAINER_AVAILABLE" });
  expect(decision?.candidates).toMatchObject([{ removal: Removal.BUSY, clashingSessionCount: 30 }]);
  const { purchases } = await mesh.bookings.listPurchases({ studentId });
  expect(purchases).toMatchObject([{ state: PurchaseState.REFUSED, purchaseId: decision?.purchaseId }]);

  mesh.directory.trainers.push(aTrainer(given.courseId));
  const again = await refusalOf(mesh.bookings.bookPurchase(request));
  expect(again.findDetails(ErrorInfoSchema)).toEqual([info]);
  expect(again.findDetails(FunnelSchema)).toEqual(error.findDetails(FunnelSchema));
});

test("between two lessons the trainer's buffer stays free, to the minute", async () => {
  await mesh.bookings.bookPurchase(wish(weekly("17:00")));
  const tooClose = wish(weekly("18:14"), { studentId: await givenStudent(mesh) });
  expect(reasonOf(await refusalOf(mesh.bookings.bookPurchase(tooClose)))).toBe("NO_TRAINER_AVAILABLE");
  const before = wish(weekly("15:46"), { studentId: await givenStudent(mesh) });
  expect(reasonOf(await refusalOf(mesh.bookings.bookPurchase(before)))).toBe("NO_TRAINER_AVAILABLE");
  await mesh.bookings.bookPurchase(wish(weekly("18:15"), { studentId: await givenStudent(mesh) }));
  await mesh.bookings.bookPurchase(wish(weekly("15:45"), { studentId: await givenStudent(mesh) }));
});

test("a student has no two lessons at once, with whomever, but may have one after the other", async () => {
  await mesh.bookings.bookPurchase(wish(weekly("17:00")));
  mesh.directory.trainers.push(aTrainer(given.courseId));
  const error = await refusalOf(mesh.bookings.bookPurchase(wish(weekly("17:59"))));
  expect([error.code, reasonOf(error)]).toEqual([Code.FailedPrecondition, "STUDENT_ALREADY_BOOKED"]);
  await mesh.bookings.bookPurchase(wish(weekly("18:00")));
});

test("a student who is booked between the look and the booking is told for which times", async () => {
  mesh.directory.trainers.push(aTrainer(given.courseId));
  mesh.directory.calls = [];
  mesh.directory.meanwhile = async () => {
    // The look comes after the search, and before the best are read once more.
    if (!mesh.directory.calls.includes("SearchTrainers")) return;
    mesh.directory.meanwhile = async () => undefined;
    await mesh.bookings.bookPurchase(wish(weekly("17:30")));
  };
  const error = await refusalOf(mesh.bookings.bookPurchase(wish(weekly("17:00"))));
  const { reason, metadata } = error.findDetails(ErrorInfoSchema)[0] ?? {};
  expect(reason).toBe("STUDENT_ALREADY_BOOKED");
  expect(metadata?.local_start_times?.split(",").slice(0, 2)).toEqual(["2030-01-07T17:00", "2030-01-10T17:00"]);
  const { decision_id: decisionId = "" } = metadata ?? {};
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  expect(decision).toMatchObject({ refusalReason: "STUDENT_ALREADY_BOOKED", candidates: [] });
  expect(await mesh.bookings.replayDecision({ decisionId })).toMatchObject({ same: true, decision });
});

test("a full day is full", async () => {
  const single = await givenCatalogue(mesh, 1);
  mesh.directory.trainers = [aTrainer(single.courseId, { dailySessionLimit: 2 })];
  const at = async (time: string) =>
    mesh.bookings.bookPurchase({
      ...single,
      requestId: randomUUID(),
      studentId: await givenStudent(mesh),
      schedule: explicit(time),
    });
  await at("2030-01-07T08:00");
  await at("2030-01-07T12:00");
  const error = await refusalOf(at("2030-01-07T16:00"));
  expect(reasonOf(error)).toBe("NO_TRAINER_AVAILABLE");
  const decisionId = error.findDetails(ErrorInfoSchema)[0]?.metadata.decision_id ?? "";
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  expect(decision?.candidates).toMatchObject([{ removal: Removal.DAILY_LIMIT }]);
  await at("2030-01-08T08:00");
});

test.each([
  ["suspended meanwhile", { status: TrainerStatus.SUSPENDED }, Removal.NOT_ACTIVE],
  ["moved away", { base: { latitude: 48.1, longitude: 11.6 } }, Removal.TOO_FAR],
  ["not qualified on the last date any more", "2030-04-17", Removal.NOT_QUALIFIED],
] as const)("a trainer who is %s is seen just before the booking", async (_, change, removal) => {
  const [known] = mesh.directory.trainers;
  if (!known) throw new Error("no trainer");
  mesh.directory.searched = [known];
  const facts =
    typeof change === "string"
      ? { qualifications: [{ courseId: given.courseId, fromDate: "2020-01-01", untilDate: change }] }
      : change;
  mesh.directory.trainers = [aTrainer(given.courseId, { trainerId: known.trainerId, version: 2n, ...facts })];
  const error = await refusalOf(mesh.bookings.bookPurchase(wish()));
  expect(reasonOf(error)).toBe("NO_TRAINER_AVAILABLE");
  const decisionId = error.findDetails(ErrorInfoSchema)[0]?.metadata.decision_id ?? "";
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  expect(decision?.candidates).toMatchObject([{ trainerId: known.trainerId, version: 2n, removal }]);
});

test("the student stays with the trainer of before, up to ten kilometres farther", async () => {
  const first = aTrainer(given.courseId, { base: { latitude: 52.55, longitude: 13.3777 } });
  mesh.directory.trainers = [first];
  await mesh.bookings.bookPurchase(wish(weekly("08:00")));
  mesh.directory.trainers = [first, aTrainer(given.courseId)];
  const { trainer } = await mesh.bookings.bookPurchase(wish(weekly("12:00")));
  expect(trainer?.trainerId).toBe(first.trainerId);
});

test.each([
  ["a place nobody covers", { location: { latitude: -75, longitude: 0 } }, "NO_ZONE_COVERS_LOCATION"],
  ["an unknown student", { studentId: randomUUID() }, "STUDENT_NOT_FOUND"],
  ["an unknown course", { courseId: randomUUID() }, "COURSE_NOT_FOUND"],
  ["the past", { schedule: weekly("17:00", "2029-12-01") }, "SCHEDULE_IN_PAST"],
  ["three years ahead", { schedule: weekly("17:00", "2033-01-03") }, "SCHEDULE_TOO_FAR_AHEAD"],
  ["an hour that the clocks skip", { schedule: skippedHour }, "LOCAL_TIME_DOES_NOT_EXIST"],
  ["too few times", { schedule: explicit("2030-02-01T10:00") }, "SESSION_COUNT_MISMATCH"],
])("%s is refused, with its decision, and books nothing", async (_, change, reason) => {
  const sessions = await countOf("session");
  const error = await refusalOf(mesh.bookings.bookPurchase(wish(undefined, change)));
  expect(reasonOf(error)).toBe(reason);
  const [info] = error.findDetails(ErrorInfoSchema);
  const { decision } = await mesh.bookings.getDecision({ decisionId: info?.metadata.decision_id ?? "" });
  expect(decision).toMatchObject({ refusalReason: reason, candidates: [] });
  expect(await countOf("session")).toBe(sessions);
});

test("when the trainers cannot be read nothing is decided, and the next try may succeed", async () => {
  const request = wish();
  mesh.directory.down = true;
  const error = await refusalOf(mesh.bookings.bookPurchase(request));
  expect([error.code, reasonOf(error)]).toEqual([Code.Unavailable, "TRAINER_DIRECTORY_UNAVAILABLE"]);
  mesh.directory.down = false;
  expect((await mesh.bookings.bookPurchase(request)).sessions).toHaveLength(30);
});

test("every bad field is named", async () => {
  const error = await refusalOf(
    mesh.bookings.bookPurchase({
      requestId: "1",
      studentId: "2",
      courseId: given.courseId,
      location: { latitude: 91, longitude: 0 },
      schedule: weekly("25:00"),
    }),
  );
  expect(error.code).toBe(Code.InvalidArgument);
  for (const path of ["request_id", "student_id", "location.latitude", "schedule.weekly.times[0].start_time"]) {
    expect(error.rawMessage).toContain(path);
  }
});

test("a student books for itself only, an operator in its own zones only", async () => {
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: randomUUID() });
  expect(reasonOf(await refusalOf(student.bookPurchase(wish())))).toBe("STUDENT_MISMATCH");
  const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  expect(reasonOf(await refusalOf(operator.bookPurchase(wish())))).toBe("OPERATOR_MISMATCH");
  const self = mesh.bookingsAs(Role.STUDENT, { student_id: given.studentId });
  const { purchase } = await self.bookPurchase(wish());
  expect(await refusalOf(operator.getPurchase({ purchaseId: purchase?.purchaseId ?? "" }))).toMatchObject({
    code: Code.NotFound,
  });
});

test("a booking leaves one audit row with its request", async () => {
  const request = wish();
  const { purchase } = await mesh.bookings.bookPurchase(request);
  const rows = await mesh.database.all.any(
    sql.unsafe`select action, entity_id, subject, at, trace_id from audit_log where request_id = ${request.requestId}`,
  );
  expect(rows).toMatchObject([
    { action: "BookPurchase", entity_id: purchase?.purchaseId, subject: "tester", at: Temporal.Instant.from(NOW) },
  ]);
});

test("nobody is booked whom the directory no longer knows, however many ranked better", async () => {
  const known = Array.from({ length: 12 }, () => aTrainer(given.courseId));
  mesh.directory.searched = known;
  mesh.directory.trainers = [];
  const error = await refusalOf(mesh.bookings.bookPurchase(wish()));
  expect(reasonOf(error)).toBe("NO_TRAINER_AVAILABLE");
  expect(error.findDetails(FunnelSchema)).toMatchObject([{ freeOnEverySession: 0 }]);

  const [eleventh] = known.toSorted((a, b) => (a.trainerId < b.trainerId ? -1 : 1)).slice(10);
  mesh.directory.trainers = eleventh ? [eleventh] : [];
  const { trainer } = await mesh.bookings.bookPurchase(wish());
  expect(trainer?.trainerId).toBe(eleventh?.trainerId);
});

test("a request_id that another call used is refused as such", async () => {
  const requestId = randomUUID();
  await mesh.courses.createCourse({ requestId, name: `Course ${requestId}`, sessionMinutes: 60 });
  const error = await refusalOf(mesh.bookings.bookPurchase(wish(undefined, { requestId })));
  expect([error.code, reasonOf(error)]).toEqual([Code.Aborted, "REQUEST_ID_REUSED"]);
});

test("an operator can read the decision about a place that nobody covers", async () => {
  const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  const error = await refusalOf(operator.bookPurchase(wish(undefined, { location: { latitude: -75, longitude: 0 } })));
  const decisionId = error.findDetails(ErrorInfoSchema)[0]?.metadata.decision_id ?? "";
  const { decision } = await operator.getDecision({ decisionId });
  expect(decision).toMatchObject({ refusalReason: "NO_ZONE_COVERS_LOCATION" });
});

test("what is answered at first is what is stored", async () => {
  const { purchase } = await mesh.bookings.bookPurchase(wish(), {
    headers: { "cadre-time": "2030-01-01T00:00:00.123456789Z" },
  });
  const stored = await mesh.bookings.getPurchase({ purchaseId: purchase?.purchaseId ?? "" });
  expect(stored.purchase).toEqual(purchase);
});

test("public holidays of the zone's country are skipped where the schedule says so", async () => {
  const schedule = weekly("17:00", "2030-04-15");
  schedule.times.value.skipPublicHolidays = true;
  const { sessions } = await mesh.bookings.bookPurchase(wish(schedule));
  const dates = sessions.map(({ localStartTime }) => localStartTime.slice(0, 10));
  expect(dates).toHaveLength(30);
  expect(dates).toContain("2030-04-18");
  expect(dates).not.toContain("2030-04-22"); // Easter Monday
  expect(dates).not.toContain("2030-05-30"); // Ascension
  expect(dates).not.toContain("2030-06-10"); // Whit Monday
});
