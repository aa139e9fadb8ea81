import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { z } from "zod";
import type { BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { PurchaseState, type Session, SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { sql } from "../runtime/database.ts";
import { settler, sweepOnce } from "./certificate-sweep.ts";
import { auditOf } from "./testing/audit.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  givenCatalogue,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";
import { refusalOf } from "./testing/refusal.ts";

const AFTER_ALL = { headers: { "cadre-time": "2030-03-01T00:00:00Z" } };
const REASON = "the wrong student was ticked off";

let mesh: BookingServer;
let owner: pg.Pool;
let booked: BookPurchaseResponse;
let purchaseId: string;

beforeAll(async () => {
  mesh = await startBookingServer();
  owner = new pg.Pool({ connectionString: mesh.database.ownerUrl, max: 4 });
});
afterAll(async () => {
  await owner.end();
  await mesh.close();
});
beforeEach(async () => {
  const given = await givenCatalogue(mesh, 2);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  booked = await mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule: weekly("17:00") });
  purchaseId = booked.purchase?.purchaseId ?? "";
});

async function complete({ sessionId }: Session): Promise<Session> {
  const { session } = await mesh.bookings.completeSession({ requestId: randomUUID(), sessionId }, AFTER_ALL);
  if (!session) throw new Error("no session came back");
  return session;
}

async function completeAll(): Promise<Session[]> {
  return [await complete(sessionOf(0)), await complete(sessionOf(1))];
}

function sessionOf(index: number): Session {
  const session = booked.sessions[index];
  if (!session) throw new Error(`no session ${index}`);
  return session;
}

function reopen({ sessionId, etag }: Session, by = mesh.bookings) {
  return by.reopenSession({ requestId: randomUUID(), sessionId, etag, reason: REASON });
}

async function jobs(): Promise<string[]> {
  const { rows } = await owner.query("select task_identifier from graphile_worker.jobs where key = $1", [
    `certificate:${purchaseId}`,
  ]);
  return rows.map(({ task_identifier }) => task_identifier);
}

async function dueVersions(): Promise<bigint[]> {
  const due = await owner.query("select version from certificate_due where purchase_id = $1", [purchaseId]);
  return due.rows.map(({ version }) => BigInt(version));
}

async function takeJobs(): Promise<void> {
  await owner.query("delete from graphile_worker._private_jobs where key = $1", [`certificate:${purchaseId}`]);
}

function letTimePass() {
  return owner.query("update certificate_due set sweep_time = now() where purchase_id = $1", [purchaseId]);
}

test("a reopened session is open again, and so is its purchase; the certificate's job is in the queue", async () => {
  const [first] = await completeAll();
  await takeJobs();
  const { session, purchase } = await reopen(first ?? sessionOf(0));
  expect(session).toMatchObject({ state: SessionState.SCHEDULED, startTime: sessionOf(0).startTime, etag: "3" });
  expect(session?.completeTime).toBeUndefined();
  expect(purchase).toMatchObject({ state: PurchaseState.ACTIVE, completedSessionCount: 1 });
  expect(purchase?.completeTime).toBeUndefined();
  expect(await jobs()).toEqual(["reconcile_certificate"]);
  expect(await dueVersions()).toEqual([BigInt(purchase?.etag ?? 0)]);
  await complete(session ?? sessionOf(0));
  const { purchase: again } = await mesh.bookings.getPurchase({ purchaseId });
  expect(again).toMatchObject({ state: PurchaseState.COMPLETED, completedSessionCount: 2 });
});

test("with no completion left the purchase is assigned as before, and no job is added for no certificate", async () => {
  const { purchase } = await reopen(await complete(sessionOf(0)));
  expect(purchase).toMatchObject({ state: PurchaseState.ASSIGNED, completedSessionCount: 0 });
  expect(await jobs()).toEqual([]);
  expect(await dueVersions()).toEqual([]);
});

test("who reopened it, and why, is in the audit log, once", async () => {
  const completed = await complete(sessionOf(0));
  const request = { requestId: randomUUID(), sessionId: completed.sessionId, etag: completed.etag, reason: REASON };
  const first = await mesh.bookings.reopenSession(request);
  expect(await mesh.bookings.reopenSession(request)).toEqual(first);
  expect(await auditOf(mesh.database.all, completed.sessionId)).toMatchObject([
    { action: "CompleteSession" },
    { action: "ReopenSession", entity: "session", operatorId: COMPANY, requestId: request.requestId },
  ]);
  const details = await mesh.database.all.anyFirst(sql.type(z.object({ detail: z.looseObject({}) }))`
    select detail from audit_log where action = 'ReopenSession' and entity_id = ${completed.sessionId}
  `);
  expect(details).toMatchObject([{ reason: REASON, purchase_id: purchaseId, completed_session_count: 0 }]);
});

test("only a completed session is reopened, only as its reader knows it", async () => {
  const conflict = { code: "FailedPrecondition", reason: "SESSION_STATE_CONFLICT", fields: [] };
  expect(await refusalOf(reopen(sessionOf(0)))).toEqual(conflict);
  const { sessionId, etag } = sessionOf(1);
  const cancelled = await mesh.bookings.cancelSession({ requestId: randomUUID(), sessionId, etag });
  expect(await refusalOf(reopen(cancelled.session ?? sessionOf(1)))).toEqual(conflict);

  const completed = await complete(sessionOf(0));
  expect(await refusalOf(reopen({ ...completed, etag: "1" }))).toMatchObject({ reason: "ETAG_MISMATCH" });
  expect(await refusalOf(reopen({ ...completed, etag: "" }))).toMatchObject({ fields: ["etag"] });
});

test("a reason is asked for that can be kept", async () => {
  const { sessionId, etag } = await complete(sessionOf(0));
  for (const reason of ["", "a\u0000b"]) {
    const call = mesh.bookings.reopenSession({ requestId: randomUUID(), sessionId, etag, reason });
    expect(await refusalOf(call)).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["reason"] });
  }
});

test("its operator may, another does not know it, its trainer and its student may not", async () => {
  const completed = await complete(sessionOf(0));
  const rival = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  expect(await refusalOf(reopen(completed, rival))).toMatchObject({ reason: "SESSION_NOT_FOUND" });
  const trainer = mesh.bookingsAs(Role.TRAINER, { trainer_id: completed.trainerId });
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: completed.studentId });
  for (const by of [trainer, student]) {
    expect(await refusalOf(reopen(completed, by))).toMatchObject({ code: "PermissionDenied" });
  }
  await reopen(completed, mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY }));
});

test("a job that got lost is added again, by one of several who sweep", async () => {
  await completeAll();
  await takeJobs();
  await sweepOnce(owner);
  expect(await jobs()).toEqual([]);
  await letTimePass();
  const swept = await Promise.all([sweepOnce(owner), sweepOnce(owner), sweepOnce(owner)]);
  expect(swept.reduce((sum, jobs) => sum + jobs)).toBe(1);
  expect(await jobs()).toEqual(["reconcile_certificate"]);
});

test("a job that was given up, or waits long for its next try, runs now; one that runs is left alone", async () => {
  await completeAll();
  const set = (change: string) =>
    owner.query(`update graphile_worker._private_jobs set ${change} where key = $1`, [`certificate:${purchaseId}`]);
  for (const change of ["attempts = max_attempts", "attempts = 8, run_at = now() + interval '1 hour'"]) {
    await set(change);
    await letTimePass();
    expect(await sweepOnce(owner)).toBe(1);
    const { rows } = await owner.query(
      "select attempts, run_at <= now() as runs from graphile_worker.jobs where key = $1",
      [`certificate:${purchaseId}`],
    );
    expect(rows).toEqual([{ attempts: 0, runs: true }]);
  }
  await set("locked_at = now(), locked_by = 'somebody', run_at = now() + interval '1 hour'");
  await letTimePass();
  expect(await sweepOnce(owner)).toBe(0);
});

test("a certificate is due until one was answered for that version of the ledger or a later one", async () => {
  const [first] = await completeAll();
  const [completed = 0n] = await dueVersions();
  await reopen(first ?? sessionOf(0));
  await settler(owner)({ purchaseId, version: completed });
  expect(await dueVersions()).toEqual([completed + 1n]);
  await settler(owner)({ purchaseId, version: completed + 1n });
  expect(await dueVersions()).toEqual([]);
});

test("what completes a purchase past the code is noticed as well", async () => {
  await owner.query(
    "update purchase set state = 'completed', complete_time = now(), completed_session_count = 2, version = 9 where purchase_id = $1",
    [purchaseId],
  );
  expect(await dueVersions()).toEqual([9n]);
});
