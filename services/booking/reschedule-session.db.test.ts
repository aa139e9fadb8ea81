import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { CandidateSchema, Removal, RemovalSchema } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { PurchaseState, type Session, SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Trainer } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { auditOf } from "./testing/audit.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  explicit,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { refusalOf } from "./testing/refusal.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;
let ada: Trainer;
let sessions: Session[];

beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());
beforeEach(async () => {
  given = await givenCatalogue(mesh, 2);
  ada = aTrainer(given.courseId, { dailySessionLimit: 2 });
  mesh.directory.trainers = [ada];
  mesh.directory.down = false;
  mesh.directory.meanwhile = async () => undefined;
  sessions = await book("2030-01-07T10:00", "2030-01-08T10:00");
});

const AFTER_FIRST = { headers: { "cadre-time": "2030-01-07T11:00:00Z" } };

async function book(...times: string[]): Promise<Session[]> {
  return bookFor(given.studentId, ...times);
}

async function bookFor(studentId: string, ...times: string[]): Promise<Session[]> {
  const schedule = explicit(...times);
  const booked = await mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule });
  return booked.sessions;
}

function first(): Session {
  const [session] = sessions;
  if (!session) throw new Error("nothing is booked");
  return session;
}

function move(
  localStartTime: string,
  more: { etag?: string; trainerId?: string; sessionId?: string } = {},
  by = mesh.bookings,
) {
  const { sessionId, etag } = first();
  return by.rescheduleSession({ requestId: randomUUID(), sessionId, etag, localStartTime, ...more });
}

async function detailsOf(call: Promise<unknown>) {
  const error = await call.then(() => undefined, ConnectError.from);
  const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
  const [candidate] = error?.findDetails(CandidateSchema) ?? [];
  return { reason: info?.reason, times: info?.metadata.clash_local_times, removal: candidate?.removal };
}

test("a session moves to another time, keeps its id, and its old time is free", async () => {
  const { session, purchase } = await move("2030-01-09T12:00");
  expect(session).toMatchObject({
    sessionId: first().sessionId,
    sequence: 1,
    trainerId: ada.trainerId,
    localStartTime: "2030-01-09T12:00:00",
    startTime: timestampOf(Temporal.Instant.from("2030-01-09T11:00:00Z")),
    endTime: timestampOf(Temporal.Instant.from("2030-01-09T12:00:00Z")),
    state: SessionState.SCHEDULED,
    etag: "2",
  });
  expect(purchase).toMatchObject({ state: PurchaseState.ASSIGNED, etag: "2" });
  const others = await bookFor(await givenStudent(mesh), "2030-01-07T10:00", "2030-01-10T10:00");
  expect(others).toHaveLength(2);
  expect(await auditOf(mesh.database.all, first().sessionId)).toMatchObject([
    { action: "RescheduleSession", entity: "session", operatorId: COMPANY },
  ]);
});

test("the same request moves once, a stale etag not at all", async () => {
  const { sessionId, etag } = first();
  const request = { requestId: randomUUID(), sessionId, etag, localStartTime: "2030-01-09T12:00" };
  const moved = await mesh.bookings.rescheduleSession(request);
  mesh.directory.down = true;
  expect(await mesh.bookings.rescheduleSession(request)).toEqual(moved);
  mesh.directory.down = false;
  expect((await refusalOf(move("2030-01-09T15:00"))).reason).toBe("ETAG_MISMATCH");
});

test("a session may move onto its own old time, but not onto its sibling's or into its trainer's buffer", async () => {
  const moved = await move("2030-01-07T10:30");
  const { etag = "" } = moved.session ?? {};
  const clash = { reason: "STUDENT_ALREADY_BOOKED", times: "2030-01-08T10:00" };
  expect(await detailsOf(move("2030-01-08T10:59", { etag }))).toMatchObject(clash);
  expect(await detailsOf(move("2030-01-08T11:14", { etag }))).toEqual({
    reason: "TRAINER_NOT_ELIGIBLE",
    times: "2030-01-08T10:00",
    removal: Removal.BUSY,
  });
  expect((await move("2030-01-08T11:15", { etag })).session?.localStartTime).toBe("2030-01-08T11:15:00");
});

test("it is refused where its trainer has another lesson, which is told by its time", async () => {
  await bookFor(await givenStudent(mesh), "2030-01-09T10:00", "2030-01-10T10:00");
  expect(await detailsOf(move("2030-01-09T10:30"))).toEqual({
    reason: "TRAINER_NOT_ELIGIBLE",
    times: "2030-01-09T10:00",
    removal: Removal.BUSY,
  });
});

test("it is refused where its student has a lesson with another operator, of whom nothing but the time is told", async () => {
  const franchiseId = randomUUID();
  const { zone } = await mesh.zones.createZone({
    requestId: randomUUID(),
    name: `Spree ${randomUUID()}`,
    franchiseId,
    centre: { latitude: 52.6, longitude: 13.5 },
    radiusMeters: 2000,
    timeZone: "Europe/Berlin",
    countryCode: "DE",
  });
  const location = { latitude: 52.6, longitude: 13.5 };
  mesh.directory.trainers = [ada, aTrainer(given.courseId, { operatorId: franchiseId, base: location })];
  const theirs = { ...given, location, requestId: randomUUID() };
  const schedule = explicit("2030-01-09T10:00", "2030-01-10T10:00");
  const booked = await mesh.bookings.bookPurchase({ ...theirs, schedule });
  expect(booked.zone?.zoneId).toBe(zone?.zoneId);
  const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });
  const refused = move("2030-01-09T10:30", {}, operator);
  const error = await refused.then(() => undefined, ConnectError.from);
  const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
  expect(info?.reason).toBe("STUDENT_ALREADY_BOOKED");
  expect(info?.metadata).toEqual({
    local_start_times: "2030-01-09T10:30",
    clash_local_times: "2030-01-09T10:00",
    decision_id: expect.any(String),
  });
  expect(JSON.stringify(error)).not.toContain(franchiseId);
});

test.each([
  ["REMOVAL_OUTSIDE_WORKING_HOURS", "2030-01-09T05:59", {}],
  ["REMOVAL_NOT_QUALIFIED", "2030-01-09T10:00", { untilDate: "2030-01-08" }],
  ["REMOVAL_TOO_FAR", "2030-01-09T10:00", { base: { latitude: 53, longitude: 13.4 } }],
  ["REMOVAL_ON_TIME_OFF", "2030-01-09T10:00", { off: true }],
  ["REMOVAL_NOT_ACTIVE", "2030-01-09T10:00", { operatorId: randomUUID() }],
] as const)(
  "its trainer as it is now may not give it then: %s",
  async (removal, time, more: Record<string, unknown>) => {
    const { untilDate, off, ...facts } = more;
    const qualifications = [{ courseId: given.courseId, fromDate: "2020-01-01", ...(untilDate ? { untilDate } : {}) }];
    const startTime = timestampOf(Temporal.Instant.from("2030-01-09T00:00:00Z"));
    const endTime = timestampOf(Temporal.Instant.from("2030-01-10T00:00:00Z"));
    const timeOff = off ? [{ timeOffId: randomUUID(), startTime, endTime }] : [];
    const now = { trainerId: ada.trainerId, ...facts, qualifications, timeOff };
    mesh.directory.trainers = [aTrainer(given.courseId, now as Parameters<typeof aTrainer>[1])];
    const refused = await detailsOf(move(time));
    expect(refused.reason).toBe("TRAINER_NOT_ELIGIBLE");
    expect(RemovalSchema.value[refused.removal ?? 0]?.name).toBe(removal);
  },
);

test("a day's limit holds, by the trainer's day", async () => {
  await bookFor(await givenStudent(mesh), "2030-01-09T08:00", "2030-01-09T12:00");
  expect(await detailsOf(move("2030-01-09T20:00"))).toMatchObject({ removal: Removal.DAILY_LIMIT });
  const { sessions: stored } = await mesh.bookings.listSessions({ purchaseId: first().purchaseId });
  expect(stored).toEqual(sessions);
});

test.each([
  ["SCHEDULE_IN_PAST", "2029-12-31T10:00"],
  ["SCHEDULE_TOO_FAR_AHEAD", "2032-01-02T10:00"],
  ["LOCAL_TIME_DOES_NOT_EXIST", "2030-03-31T02:30"],
  ["INVALID_FIELD", "2030-02-30T10:00"],
])("%s for %s", async (reason, time) => {
  expect((await refusalOf(move(time))).reason).toBe(reason);
});

test("what was missed or cancelled is scheduled again under its id, with the trainer of the purchase, and then completed", async () => {
  const { sessionId } = first();
  const missed = await mesh.bookings.markNoShow({ requestId: randomUUID(), sessionId }, AFTER_FIRST);
  const again = await move("2030-01-09T10:00", { etag: missed.session?.etag ?? "" });
  expect(again.session).toMatchObject({ sessionId, state: SessionState.SCHEDULED, etag: "3" });
  const cancelled = await mesh.bookings.cancelSession({ requestId: randomUUID(), sessionId, etag: "3" });
  await move("2030-01-10T10:00", { etag: cancelled.session?.etag ?? "" });
  const later = { headers: { "cadre-time": "2030-02-01T00:00:00Z" } };
  for (const session of sessions) {
    await mesh.bookings.completeSession({ requestId: randomUUID(), sessionId: session.sessionId }, later);
  }
  const { purchase } = await mesh.bookings.getPurchase({ purchaseId: first().purchaseId });
  expect(purchase).toMatchObject({ state: PurchaseState.COMPLETED, completedSessionCount: 2 });
  expect((await refusalOf(move("2030-02-10T10:00", { etag: "6" }))).reason).toBe("SESSION_STATE_CONFLICT");
});

test("a cancelled purchase's sessions stay cancelled", async () => {
  const { purchaseId } = first();
  await mesh.bookings.cancelPurchase({ requestId: randomUUID(), purchaseId, etag: "1" });
  expect((await refusalOf(move("2030-01-09T10:00", { etag: "2" }))).reason).toBe("PURCHASE_STATE_CONFLICT");
});

test("another trainer can be named with the new time; one of another operator is none", async () => {
  const bob = aTrainer(given.courseId, { bufferMinutes: 30 });
  const stranger = aTrainer(given.courseId, { operatorId: randomUUID() });
  mesh.directory.trainers = [ada, bob, stranger];
  expect((await refusalOf(move("2030-01-09T10:00", { trainerId: stranger.trainerId }))).reason).toBe(
    "TRAINER_NOT_FOUND",
  );
  expect((await refusalOf(move("2030-01-09T10:00", { trainerId: randomUUID() }))).reason).toBe("TRAINER_NOT_FOUND");
  const { session } = await move("2030-01-09T10:00", { trainerId: bob.trainerId });
  expect(session?.trainerId).toBe(bob.trainerId);
});

test("who gives a session from now on, or why it stays, is decided on record, and decided so again", async () => {
  const bob = aTrainer(given.courseId);
  mesh.directory.trainers = [ada, bob];
  const moved = await move("2030-01-09T10:00", { trainerId: bob.trainerId });
  const { etag = "" } = moved.session ?? {};
  mesh.directory.trainers = [ada];
  await bookFor(await givenStudent(mesh), "2030-01-11T10:00", "2030-01-12T10:00");
  await book("2030-01-13T10:00", "2030-01-14T10:00");
  const decisionOf = async (call: Promise<unknown>) => {
    const error = await call.then(() => undefined, ConnectError.from);
    return error?.findDetails(ErrorInfoSchema)[0]?.metadata.decision_id ?? "";
  };
  mesh.directory.trainers = [
    ada,
    aTrainer(given.courseId, { trainerId: bob.trainerId, base: { latitude: 53, longitude: 13.4 }, version: 2n }),
  ];
  mesh.directory.history = [bob];
  const { purchaseId } = first();
  const startTimes = [moved.session?.startTime];
  const expected = [
    [
      moved.decisionId,
      { refusalReason: "", trainerId: bob.trainerId, inputs: { startTimes }, candidates: [{ rank: 1 }] },
    ],
    [
      await decisionOf(move("2030-01-11T10:00", { etag, trainerId: ada.trainerId })),
      { refusalReason: "TRAINER_NOT_ELIGIBLE", candidates: [{ removal: Removal.TAKEN_MEANWHILE }] },
    ],
    [
      await decisionOf(move("2030-01-10T10:00", { etag })),
      { refusalReason: "TRAINER_NOT_ELIGIBLE", candidates: [{ removal: Removal.TOO_FAR }] },
    ],
    [
      await decisionOf(move("2030-01-13T10:00", { etag, trainerId: ada.trainerId })),
      { refusalReason: "STUDENT_ALREADY_BOOKED" },
    ],
  ] as const;
  for (const [decisionId, told] of expected) {
    const { decision } = await mesh.bookings.getDecision({ decisionId });
    expect(decision).toMatchObject({ purchaseId, ...told });
    expect(await mesh.bookings.replayDecision({ decisionId })).toMatchObject({ same: true, decision });
  }
});

test("a session whose student is erased meanwhile is not moved by what was planned with its place", async () => {
  given = { ...given, location: { latitude: 52.5101, longitude: 13.3702 } };
  sessions = await book("2030-01-09T10:00", "2030-01-10T10:00");
  const bob = aTrainer(given.courseId);
  mesh.directory.trainers = [ada, bob];
  mesh.directory.meanwhile = () => mesh.students.eraseStudent({ requestId: randomUUID(), studentId: given.studentId });
  const call = move("2030-01-11T10:00", { trainerId: bob.trainerId });
  expect((await refusalOf(call)).reason).toBe("ETAG_MISMATCH");
  const { sessions: stored } = await mesh.bookings.listSessions({ purchaseId: first().purchaseId });
  expect(stored).toEqual(sessions);
});

test("while the trainers cannot be read nothing is decided, and the request can be tried again", async () => {
  const unread = aTrainer(given.courseId);
  const { sessionId, etag } = first();
  const request = {
    requestId: randomUUID(),
    sessionId,
    etag,
    localStartTime: "2030-01-09T12:00",
    trainerId: unread.trainerId,
  };
  mesh.directory.down = true;
  expect((await refusalOf(mesh.bookings.rescheduleSession(request))).reason).toBe("TRAINER_DIRECTORY_UNAVAILABLE");
  mesh.directory.down = false;
  mesh.directory.trainers = [ada, unread];
  expect((await mesh.bookings.rescheduleSession(request)).session?.trainerId).toBe(unread.trainerId);
});

test("only its operator reschedules a session", async () => {
  const rival = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  const trainer = mesh.bookingsAs(Role.TRAINER, { trainer_id: ada.trainerId });
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: given.studentId });
  expect((await refusalOf(move("2030-01-09T10:00", {}, rival))).reason).toBe("SESSION_NOT_FOUND");
  expect((await refusalOf(move("2030-01-09T10:00", {}, trainer))).reason).toBe("ROLE_NOT_ALLOWED");
  expect((await refusalOf(move("2030-01-09T10:00", {}, student))).reason).toBe("ROLE_NOT_ALLOWED");
});
