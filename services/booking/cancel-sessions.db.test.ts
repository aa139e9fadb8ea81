import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { PurchaseState, type Session, SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { auditOf } from "./testing/audit.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  givenCatalogue,
  givenStudent,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";
import { refusalOf } from "./testing/refusal.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;
let booked: BookPurchaseResponse;
let first: Session;
let purchaseId: string;

beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());
beforeEach(async () => {
  given = await givenCatalogue(mesh, 3);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  booked = await book();
  first = sessionOf(booked, 0);
  purchaseId = booked.purchase?.purchaseId ?? "";
});

const AFTER_FIRST = { headers: { "cadre-time": "2030-01-07T17:00:00Z" } };
const AFTER_ALL = { headers: { "cadre-time": "2030-03-01T00:00:00Z" } };

function book(studentId = given.studentId) {
  return mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule: weekly("17:00") });
}

function sessionOf({ sessions }: BookPurchaseResponse, index: number): Session {
  const session = sessions[index];
  if (!session) throw new Error(`no session ${index}`);
  return session;
}

function cancel({ sessionId, etag }: Session, by = mesh.bookings) {
  return by.cancelSession({ requestId: randomUUID(), sessionId, etag });
}

async function etagOf(): Promise<string> {
  return (await mesh.bookings.getPurchase({ purchaseId })).purchase?.etag ?? "";
}

async function cancelPurchase(headers = {}) {
  return mesh.bookings.cancelPurchase({ requestId: randomUUID(), purchaseId, etag: await etagOf() }, headers);
}

function complete({ sessionId }: Session) {
  return mesh.bookings.completeSession({ requestId: randomUUID(), sessionId }, AFTER_ALL);
}

test("a cancelled session frees its time, of its trainer and of its student, and stays owed", async () => {
  for (const session of booked.sessions) await cancel(session);
  const again = await book(await givenStudent(mesh));
  expect(again.trainer?.trainerId).toBe(booked.trainer?.trainerId);
  for (const session of again.sessions) await cancel(session);
  expect((await book()).sessions).toHaveLength(3);
  expect((await mesh.bookings.getPurchase({ purchaseId })).purchase?.state).toBe(PurchaseState.ASSIGNED);
});

test("cancelling changes session and purchase once, whoever repeats it, and is audited once", async () => {
  const { session, purchase } = await cancel(first);
  expect(session).toMatchObject({ sessionId: first.sessionId, state: SessionState.CANCELLED, etag: "2" });
  expect(purchase).toMatchObject({ state: PurchaseState.ASSIGNED, etag: "2" });
  expect(await cancel(first)).toMatchObject({ session, purchase });
  expect(await auditOf(mesh.database.all, first.sessionId)).toMatchObject([
    { action: "CancelSession", entity: "session", operatorId: COMPANY },
  ]);
});

test("a stale etag cancels nothing", async () => {
  const stale = { ...first, etag: "7" };
  expect(await refusalOf(cancel(stale))).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
  const request = { requestId: randomUUID(), purchaseId, etag: "7" };
  expect(await refusalOf(mesh.bookings.cancelPurchase(request))).toMatchObject({ reason: "ETAG_MISMATCH" });
  const { sessions } = await mesh.bookings.listSessions({ purchaseId });
  expect(sessions).toEqual(booked.sessions);
});

test("a session that was missed is owed, and does not complete its purchase", async () => {
  const missed = await mesh.bookings.markNoShow({ requestId: randomUUID(), sessionId: first.sessionId }, AFTER_FIRST);
  expect(missed.session?.state).toBe(SessionState.NO_SHOW);
  await complete(sessionOf(booked, 1));
  const { purchase } = await complete(sessionOf(booked, 2));
  expect(purchase).toMatchObject({ state: PurchaseState.ACTIVE, completedSessionCount: 2 });
});

test("nobody is missing before the start, and nobody who came is missed", async () => {
  const miss = (headers = {}) =>
    mesh.bookings.markNoShow({ requestId: randomUUID(), sessionId: first.sessionId }, headers);
  expect((await refusalOf(miss())).reason).toBe("SESSION_NOT_STARTED");
  await complete(first);
  expect((await refusalOf(miss(AFTER_FIRST))).reason).toBe("SESSION_STATE_CONFLICT");
});

test("cancelling a purchase frees all that has not begun; what is completed stays, what has begun can be reported", async () => {
  await complete(first);
  const { purchase, sessions } = await cancelPurchase({ headers: { "cadre-time": "2030-01-10T16:30:00Z" } });
  expect(purchase).toMatchObject({ state: PurchaseState.CANCELLED, completedSessionCount: 1 });
  expect(sessions.map(({ sequence, state }) => [sequence, state])).toEqual([[3, SessionState.CANCELLED]]);
  const listed = (await mesh.bookings.listSessions({ purchaseId })).sessions.map(({ state }) => state);
  expect(listed).toEqual([SessionState.COMPLETED, SessionState.SCHEDULED, SessionState.CANCELLED]);
  expect((await complete(sessionOf(booked, 1))).purchase).toMatchObject({
    state: PurchaseState.CANCELLED,
    completedSessionCount: 2,
  });
  expect(await cancelPurchase()).toMatchObject({ purchase: { state: PurchaseState.CANCELLED }, sessions: [] });
  const actions = (await auditOf(mesh.database.all, purchaseId)).map(({ action }) => action);
  expect(actions).toEqual(["BookPurchase", "CancelPurchase"]);
});

test("a cancelled purchase that was completed after all is cancelled again when a completion is taken back", async () => {
  await cancelPurchase({ headers: { "cadre-time": "2030-02-01T00:00:00Z" } });
  for (const session of booked.sessions) await complete(session);
  expect((await mesh.bookings.getPurchase({ purchaseId })).purchase?.state).toBe(PurchaseState.COMPLETED);
  const { sessionId } = first;
  const reopened = await mesh.bookings.reopenSession({ requestId: randomUUID(), sessionId, etag: "2", reason: "Ill" });
  expect(reopened.purchase?.state).toBe(PurchaseState.CANCELLED);
  const again = { requestId: randomUUID(), sessionId, etag: "3", localStartTime: "2030-02-03T10:00" };
  expect((await refusalOf(mesh.bookings.rescheduleSession(again))).reason).toBe("PURCHASE_STATE_CONFLICT");
});

test("a completed purchase is not cancelled, a refused one can be", async () => {
  for (const session of booked.sessions) await complete(session);
  expect(await refusalOf(cancelPurchase())).toMatchObject({
    code: "FailedPrecondition",
    reason: "PURCHASE_STATE_CONFLICT",
  });

  mesh.directory.trainers = [];
  await book(await givenStudent(mesh)).catch(() => undefined);
  const [refused] = (await mesh.bookings.listPurchases({ pageSize: 1 })).purchases;
  purchaseId = refused?.purchaseId ?? "";
  expect(refused?.state).toBe(PurchaseState.REFUSED);
  expect((await cancelPurchase()).purchase).toMatchObject({ state: PurchaseState.CANCELLED });
});

test("operators change their own, trainers report their own, students change nothing", async () => {
  const rival = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  const stranger = mesh.bookingsAs(Role.TRAINER, { trainer_id: randomUUID() });
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: given.studentId });
  const trainer = mesh.bookingsAs(Role.TRAINER, { trainer_id: first.trainerId });
  const { sessionId } = first;
  expect((await refusalOf(cancel(first, rival))).reason).toBe("SESSION_NOT_FOUND");
  expect((await refusalOf(cancel(first, student))).reason).toBe("ROLE_NOT_ALLOWED");
  expect((await refusalOf(cancel(first, trainer))).reason).toBe("ROLE_NOT_ALLOWED");
  const noShow = () => ({ requestId: randomUUID(), sessionId });
  expect((await refusalOf(stranger.markNoShow(noShow(), AFTER_FIRST))).reason).toBe("SESSION_NOT_FOUND");
  expect((await trainer.markNoShow(noShow(), AFTER_FIRST)).session?.state).toBe(SessionState.NO_SHOW);
  const ofPurchase = () => ({ requestId: randomUUID(), purchaseId, etag: "2" });
  expect((await refusalOf(rival.cancelPurchase(ofPurchase()))).reason).toBe("PURCHASE_NOT_FOUND");
  const own = mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });
  expect((await own.cancelPurchase(ofPurchase())).purchase?.state).toBe(PurchaseState.CANCELLED);
});
