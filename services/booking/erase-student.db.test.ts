import { randomUUID } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { sql } from "../runtime/database.ts";
import { auditOf } from "./testing/audit.ts";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { refusalOf } from "./testing/refusal.ts";

const HOME = { latitude: 52.5101, longitude: 13.3702 };
const LESSON = explicit("2030-02-01T10:00");

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;

beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh?.close());
beforeEach(async () => {
  given = await givenCatalogue(mesh, 1);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  mesh.directory.meanwhile = async () => undefined;
});

function wish(location = HOME) {
  const { studentId, courseId } = given;
  return { requestId: randomUUID(), studentId, courseId, location, schedule: LESSON };
}

test("who a student was is gone everywhere, and what was booked stays", async () => {
  const { studentId } = given;
  const booked = await mesh.bookings.bookPurchase(wish());
  const purchaseId = booked.purchase?.purchaseId ?? "";
  await refusalOf(mesh.bookings.bookPurchase(wish()));
  await refusalOf(mesh.bookings.bookPurchase(wish({ latitude: 12.3456, longitude: 1 })));

  const { student } = await mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  expect(student).toMatchObject({ studentId, name: "", language: "", timeZone: "", etag: "2" });
  expect(student?.location).toBeUndefined();
  expect(student?.eraseTime).toBeDefined();
  expect((await mesh.students.getStudent({ studentId })).student).toEqual(student);

  const { purchase } = await mesh.bookings.getPurchase({ purchaseId });
  expect(purchase).toEqual({ ...booked.purchase, location: booked.zone?.centre, etag: "2" });
  expect((await mesh.bookings.listSessions({ purchaseId })).sessions).toEqual(booked.sessions);
  const { ledger } = await mesh.bookings.getCompletionLedger({ purchaseId });
  expect(ledger).toMatchObject({ studentName: "", entries: [{ sequence: 1 }] });

  const kept = await mesh.asOwner((db) => everythingKept(db, studentId));
  expect(kept).not.toContain("Grace");
  expect(kept).not.toContain(String(HOME.latitude));
  expect(kept).not.toContain("12.3456");
  for (const degrees of [HOME.latitude, HOME.longitude, 12.3456]) expect(kept).not.toContain(bytesOf(degrees));
});

test("a decision about an erased student still tells who and why, but is not made again", async () => {
  const { studentId } = given;
  const booked = await mesh.bookings.bookPurchase(wish());
  const decisionId = booked.purchase?.decisionId ?? "";
  const before = await mesh.bookings.getDecision({ decisionId });
  expect((await mesh.bookings.replayDecision({ decisionId })).same).toBe(true);

  await mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  await mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  expect(decision).toMatchObject({ trainerId: before.decision?.trainerId, candidates: [{ rank: 1 }] });
  expect(decision?.candidates[0]?.distanceMeters).toBeUndefined();
  expect(decision?.inputs).toEqual({ ...before.decision?.inputs, location: booked.zone?.centre });
  expect((await refusalOf(mesh.bookings.replayDecision({ decisionId }))).reason).toBe("DECISION_NOT_REPLAYABLE");
});

test("an erased student is in no list, buys nothing and cannot be changed", async () => {
  const { studentId } = given;
  await mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  const { students } = await mesh.students.listStudents({ pageSize: 1000 });
  expect(students.map((student) => student.studentId)).not.toContain(studentId);
  expect((await refusalOf(mesh.bookings.bookPurchase(wish()))).reason).toBe("STUDENT_NOT_FOUND");
  const change = { requestId: randomUUID(), studentId, etag: "2", updateMask: { paths: ["name"] }, name: "Back" };
  expect((await refusalOf(mesh.students.updateStudent(change))).reason).toBe("STUDENT_NOT_FOUND");
});

test.each([
  ["would be booked", "any"],
  ["would be booked with named trainers", "named"],
  ["would be refused", "none"],
])("of a student who is erased while it %s, nothing is booked and no place is kept", async (_, wanted) => {
  const { studentId } = given;
  const [ada] = mesh.directory.trainers;
  if (wanted === "none") mesh.directory.trainers = [];
  mesh.directory.meanwhile = () => mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  const assignments = wanted === "named" ? [{ trainerId: ada?.trainerId ?? "", fromSequence: 1 }] : [];
  const request = { ...wish(), assignments };
  const refusal = { code: "NotFound", reason: "STUDENT_NOT_FOUND", fields: [] };
  expect(await refusalOf(mesh.bookings.bookPurchase(request))).toEqual(refusal);
  expect(await refusalOf(mesh.bookings.bookPurchase(request))).toEqual(refusal);

  // And once more, when it has been erased long since.
  expect(await refusalOf(mesh.bookings.bookPurchase(wish()))).toEqual(refusal);
  expect(await expectNoPlace(studentId)).toContain("STUDENT_NOT_FOUND");
});

test("of a student who is erased while a refusal is being recorded, no place is kept", async () => {
  const { studentId } = given;
  mesh.directory.trainers = [];
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const lock = mesh.asOwner((db) =>
    db.transaction(async (tx) => {
      await tx.query(sql.unsafe`lock table audit_log in exclusive mode`);
      locked.resolve();
      await release.promise;
    }),
  );
  await locked.promise;
  const refused = refusalOf(mesh.bookings.bookPurchase(wish()));
  await callsWait(1);
  const erased = mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  await callsWait(2);
  release.resolve();
  await lock;
  expect((await refused).reason).toBe("NO_TRAINER_AVAILABLE");
  await erased;
  await expectNoPlace(studentId);
});

test("of a student who is erased while its lessons would go to another trainer, no place is kept", async () => {
  const { studentId } = given;
  const { purchase } = await mesh.bookings.bookPurchase(wish());
  const { purchaseId = "", etag = "" } = purchase ?? {};
  const bob = aTrainer(given.courseId);
  mesh.directory.trainers.push(bob);
  mesh.directory.meanwhile = () => mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  const reassignments = [{ purchaseId, etag, trainerId: bob.trainerId }];
  const call = mesh.bookings.reassignTrainer({ requestId: randomUUID(), reassignments });
  expect((await refusalOf(call)).reason).toBe("ETAG_MISMATCH");
  await expectNoPlace(studentId);
});

test("erasing twice is erasing once; a student erases itself alone, and an operator nobody", async () => {
  const { studentId } = given;
  const as = (role: Role, claims?: Record<string, string>) =>
    createClient(StudentService, mesh.server.transportAs(role, claims));
  const own = as(Role.STUDENT, { student_id: studentId });
  const other = await givenStudent(mesh);
  const missing = { code: "NotFound", reason: "STUDENT_NOT_FOUND", fields: [] };
  expect(await refusalOf(own.eraseStudent({ requestId: randomUUID(), studentId: other }))).toEqual(missing);
  expect(await refusalOf(mesh.students.eraseStudent({ requestId: randomUUID(), studentId: randomUUID() }))).toEqual(
    missing,
  );
  const operator = as(Role.OPERATOR, { operator_id: randomUUID() });
  const call = operator.eraseStudent({ requestId: randomUUID(), studentId });
  expect((await refusalOf(call)).code).toBe("PermissionDenied");

  const first = await own.eraseStudent({ requestId: randomUUID(), studentId });
  const again = await mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  expect(again.student).toEqual(first.student);
  const actions = (await auditOf(mesh.database.all, studentId)).map(({ action }) => action);
  expect(actions).toEqual(["CreateStudent", "EraseStudent"]);
});

async function callsWait(count: number): Promise<void> {
  const waiting = sql.type(z.object({ count: z.number() }))`
    select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
  `;
  while ((await mesh.database.all.oneFirst(waiting)) < count);
}

async function expectNoPlace(studentId: string): Promise<string> {
  const kept = await mesh.asOwner((db) => everythingKept(db, studentId));
  for (const degrees of [HOME.latitude, HOME.longitude]) {
    expect(kept).not.toContain(String(degrees));
    expect(kept).not.toContain(bytesOf(degrees));
  }
  return kept;
}

/** A number as a record holds it, as text. */
function bytesOf(degrees: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(degrees);
  return bytes.toString("hex");
}

/** All rows of all tables in which the student is named, as text or as bytes. */
async function everythingKept(
  db: Parameters<Parameters<BookingServer["asOwner"]>[0]>[0],
  studentId: string,
): Promise<string> {
  const tables = await db.anyFirst(sql.type(z.object({ name: z.string() }))`
    select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'idempotency'
  `);
  const rows = await Promise.all(
    tables.map((table) =>
      db.anyFirst(sql.type(z.object({ row: z.string() }))`
        select t::text as row from ${sql.identifier([table])} t 
        where t::text like ${`%${studentId}%`} or t::text like ${`%${studentId.replaceAll("-", "")}%`}
      `),
    ),
  );
  return rows.flat().join("\n");
}
