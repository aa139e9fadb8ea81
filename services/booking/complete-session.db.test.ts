import { randomUUID } from "node:crypto";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import type { BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { PurchaseState, type Session, SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  givenCatalogue,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";

let mesh: BookingServer;
let booked: BookPurchaseResponse;

beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());
beforeEach(async () => {
  const given = await givenCatalogue(mesh, 3);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  booked = await mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule: weekly("17:00") });
});

function complete(
  session: Session | undefined,
  more: { at?: string; by?: BookingServer["bookings"]; id?: string } = {},
) {
  const at = more.at ?? (session?.endTime ? timestampDate(session.endTime).toISOString() : "");
  return (more.by ?? mesh.bookings).completeSession(
    { requestId: more.id ?? randomUUID(), sessionId: session?.sessionId ?? "" },
    { headers: { "cadre-time": at } },
  );
}

function jobs(): Promise<readonly string[]> {
  const purchaseId = booked.purchase?.purchaseId ?? "";
  const url = sql.type(z.object({ key: z.string() }))`
    select key from graphile_worker.jobs where key = ${`certificate:${purchaseId}`}`;
  return mesh.asOwner((db) => db.anyFirst(url));
}

async function reasonOf(call: Promise<unknown>): Promise<[Code, string | undefined]> {
  const error = await call.then(() => undefined, ConnectError.from);
  if (!error) throw new Error("the call succeeded");
  return [error.code, error.findDetails(ErrorInfoSchema)[0]?.reason];
}

test("the first completion makes the purchase active, the last completes it and adds the one job", async () => {
  const [first, second, third] = booked.sessions;
  expect((await complete(first)).purchase).toMatchObject({ state: PurchaseState.ACTIVE, completedSessionCount: 1 });
  await complete(second);
  expect(await jobs()).toEqual([]);
  const last = await complete(third);
  expect(last.session).toMatchObject({ state: SessionState.COMPLETED, completeTime: third?.endTime });
  expect(last.purchase).toMatchObject({
    state: PurchaseState.COMPLETED,
    completedSessionCount: 3,
    completeTime: third?.endTime,
  });
  expect(await jobs()).toHaveLength(1);
});

test("completing all at once counts each once and adds one job", async () => {
  await Promise.all(booked.sessions.map((session) => complete(session)));
  const { purchase } = await mesh.bookings.getPurchase({ purchaseId: booked.purchase?.purchaseId ?? "" });
  expect(purchase).toMatchObject({ state: PurchaseState.COMPLETED, completedSessionCount: 3 });
  expect(await jobs()).toHaveLength(1);
});

test("completing again, under the same request or another, changes nothing", async () => {
  const id = randomUUID();
  const first = await complete(booked.sessions[0], { id });
  expect(await complete(booked.sessions[0], { id })).toEqual(first);
  expect(await complete(booked.sessions[0])).toEqual(first);
});

test("a session is not completed before it starts, and is at its start", async () => {
  const [session] = booked.sessions;
  expect(await reasonOf(complete(session, { at: "2030-01-07T15:59:59Z" }))).toEqual([
    Code.FailedPrecondition,
    "SESSION_NOT_STARTED",
  ]);
  expect((await complete(session, { at: "2030-01-07T16:00:00Z" })).session?.state).toBe(SessionState.COMPLETED);
});

test("a time that is none is refused", async () => {
  expect(await reasonOf(complete(booked.sessions[0], { at: "tomorrow" }))).toEqual([
    Code.InvalidArgument,
    "INVALID_FIELD",
  ]);
});

test("its trainer and its operator complete a session, others do not know it", async () => {
  const [first, second] = booked.sessions;
  const stranger = mesh.bookingsAs(Role.TRAINER, { trainer_id: randomUUID() });
  const rival = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: booked.purchase?.studentId ?? "" });
  expect(await reasonOf(complete(first, { by: stranger }))).toEqual([Code.NotFound, "SESSION_NOT_FOUND"]);
  expect(await reasonOf(complete(first, { by: rival }))).toEqual([Code.NotFound, "SESSION_NOT_FOUND"]);
  expect(await reasonOf(complete(first, { by: student }))).toEqual([Code.PermissionDenied, "ROLE_NOT_ALLOWED"]);
  await complete(first, { by: mesh.bookingsAs(Role.TRAINER, { trainer_id: booked.trainer?.trainerId ?? "" }) });
  await complete(second, { by: mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY }) });
});

test("the ledger lists every session, who completed it and when", async () => {
  await complete(booked.sessions[1]);
  const { ledger } = await mesh.bookings.getCompletionLedger({ purchaseId: booked.purchase?.purchaseId ?? "" });
  expect(ledger).toMatchObject({ studentName: "Grace", studentLanguage: "de" });
  expect(ledger?.entries).toMatchObject([
    { sequence: 1, state: SessionState.SCHEDULED },
    { sequence: 2, state: SessionState.COMPLETED, completedBy: "tester", completeTime: booked.sessions[1]?.endTime },
    { sequence: 3, state: SessionState.SCHEDULED },
  ]);
  expect(ledger?.entries[0]).not.toHaveProperty("completedBy", expect.anything());
});

test("the ledgers of many are read at once, in the order asked, each once, and who is missing is named", async () => {
  const given = await givenCatalogue(mesh, 3);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  const other = await mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule: weekly("09:00") });
  const [one = "", two = "", nobody] = [booked, other].map(({ purchase }) => purchase?.purchaseId).concat(randomUUID());
  const purchaseIds = [two, nobody ?? "", one.toUpperCase(), two];
  const { ledgers, missingPurchaseIds } = await mesh.bookings.getCompletionLedgers({ purchaseIds });
  expect(ledgers).toEqual([await ledgerOf(two), await ledgerOf(one)]);
  expect(missingPurchaseIds).toEqual([nobody]);

  const rival = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  expect(await rival.getCompletionLedgers({ purchaseIds: [one] })).toMatchObject({
    ledgers: [],
    missingPurchaseIds: [one],
  });
  const tooMany = Array.from({ length: 101 }, () => one);
  for (const bad of [[], tooMany, ["x"]]) {
    const [code] = await reasonOf(mesh.bookings.getCompletionLedgers({ purchaseIds: bad }));
    expect(code).toBe(Code.InvalidArgument);
  }
});

async function ledgerOf(purchaseId: string) {
  return (await mesh.bookings.getCompletionLedger({ purchaseId })).ledger;
}

test("lists show each caller its own, page by page", async () => {
  const trainer = mesh.bookingsAs(Role.TRAINER, { trainer_id: booked.trainer?.trainerId ?? "" });
  const first = await trainer.listSessions({ pageSize: 2 });
  const second = await trainer.listSessions({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.sessions, ...second.sessions]).toEqual(booked.sessions);
  expect(second.nextPageToken).toBe("");
  const rival = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  expect((await rival.listPurchases({})).purchases).toEqual([]);
  expect((await rival.listSessions({})).sessions).toEqual([]);
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: booked.purchase?.studentId ?? "" });
  expect((await student.listPurchases({})).purchases).toEqual([booked.purchase]);
});
