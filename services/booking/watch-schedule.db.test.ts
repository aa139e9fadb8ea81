import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import type { Purchase, Session } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Trainer } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { sql } from "../runtime/database.ts";
import { forgetChanges, placeChanges } from "./change-queries.ts";
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
import { watching } from "./testing/watching.ts";
import { writePosition } from "./watch-position.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;
let ada: Trainer;
let bob: Trainer;

beforeAll(async () => {
  mesh = await startBookingServer();
  given = await givenCatalogue(mesh, 2);
  ada = aTrainer(given.courseId, { dailySessionLimit: 50 });
  bob = aTrainer(given.courseId, { dailySessionLimit: 50 });
});
afterAll(() => mesh.close());

const AFTER_ALL = { headers: { "cadre-time": "2030-12-01T00:00:00Z" } };
let day = Temporal.PlainDate.from("2030-02-01");

/** Two sessions on days of their own. */
async function book(trainer = ada): Promise<{ purchase: Purchase; sessions: Session[]; studentId: string }> {
  mesh.directory.trainers = [trainer];
  const studentId = await givenStudent(mesh);
  const schedule = explicit(`${day}T10:00`, `${day.add({ days: 1 })}T10:00`);
  day = day.add({ days: 2 });
  const booked = await mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule });
  mesh.directory.trainers = [ada, bob];
  if (!booked.purchase) throw new Error("nothing was booked");
  return { purchase: booked.purchase, sessions: booked.sessions, studentId };
}

function complete({ sessionId }: Pick<Session, "sessionId">) {
  return mesh.bookings.completeSession({ requestId: randomUUID(), sessionId }, AFTER_ALL);
}

function reassign({ purchaseId, etag }: Purchase, trainer: Trainer) {
  const reassignments = [{ purchaseId, etag, trainerId: trainer.trainerId }];
  return mesh.bookings.reassignTrainer({ requestId: randomUUID(), reassignments });
}

const ids = (changes: { purchaseId: string }[]) => changes.map(({ purchaseId }) => purchaseId);

test("a watch tells its position first, then each booking and each change once, with whose it is", async () => {
  await using watch = await watching(mesh.bookings);
  expect(watch.first.changes).toEqual([]);
  const { purchase, sessions, studentId } = await book();
  const [first] = sessions;
  await complete(first ?? { sessionId: "" });
  const whose = { purchaseId: purchase.purchaseId, operatorId: COMPANY, studentId, trainerIds: [ada.trainerId] };
  expect(await watch.changes(2)).toMatchObject([
    { ...whose, sessionIds: [] },
    { ...whose, sessionIds: [first?.sessionId] },
  ]);
});

test("a refusal is a change of an operator's too, and no trainer's", async () => {
  await using watch = await watching(mesh.bookings);
  mesh.directory.trainers = [];
  const schedule = explicit("2030-01-07T10:00", "2030-01-08T10:00");
  const refused = mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule });
  expect((await refusalOf(refused)).reason).toBe("NO_TRAINER_AVAILABLE");
  expect(await watch.changes(1)).toMatchObject([{ operatorId: COMPANY, trainerIds: [] }]);
});

test("each caller is told of its own alone: an operator, the trainer before and after, a student", async () => {
  const rival = { operator_id: randomUUID() };
  await using ofOperator = await watching(mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY }));
  await using ofRival = await watching(mesh.bookingsAs(Role.OPERATOR, rival));
  await using ofAda = await watching(mesh.bookingsAs(Role.TRAINER, { trainer_id: ada.trainerId }));
  await using ofBob = await watching(mesh.bookingsAs(Role.TRAINER, { trainer_id: bob.trainerId }));
  await using ofNobody = await watching(mesh.bookingsAs(Role.TRAINER));
  const { purchase } = await book(ada);
  const other = await book(bob);
  await using ofStudent = await watching(mesh.bookingsAs(Role.STUDENT, { student_id: other.studentId }));
  await reassign(purchase, bob);
  const moved = [ada.trainerId, bob.trainerId].sort();
  expect(ids(await ofOperator.changes(3))).toEqual([
    purchase.purchaseId,
    other.purchase.purchaseId,
    purchase.purchaseId,
  ]);
  expect(await ofAda.changes(2)).toMatchObject([{ trainerIds: [ada.trainerId] }, { trainerIds: moved }]);
  expect(ids(await ofBob.changes(2))).toEqual([other.purchase.purchaseId, purchase.purchaseId]);
  await complete(other.sessions[0] ?? { sessionId: "" });
  expect(ids(await ofStudent.changes(1))).toEqual([other.purchase.purchaseId]);
  for (const nothing of [ofRival, ofNobody]) expect((await nothing.next()).changes).toEqual([]);
});

test("everybody who gives some of a purchase is told when it is booked, and of every change of it", async () => {
  const own = (trainer: Trainer) => watching(mesh.bookingsAs(Role.TRAINER, { trainer_id: trainer.trainerId }));
  await using ofAda = await own(ada);
  await using ofBob = await own(bob);
  await using aboutBob = await watching(mesh.bookings, { trainerId: bob.trainerId });
  const studentId = await givenStudent(mesh);
  await using ofStudent = await watching(mesh.bookingsAs(Role.STUDENT, { student_id: studentId }));
  const { purchase, sessions } = await mesh.bookingsAs(Role.STUDENT, { student_id: studentId }).bookPurchase({
    ...given,
    studentId,
    location: { latitude: 52.5101, longitude: 13.3702 },
    requestId: randomUUID(),
    schedule: explicit("2030-11-04T10:00", "2030-11-05T10:00"),
    assignments: [
      { trainerId: ada.trainerId, fromSequence: 1 },
      { trainerId: bob.trainerId, fromSequence: 2 },
    ],
  });
  const { purchaseId = "" } = purchase ?? {};
  await complete(sessions[0] ?? { sessionId: "" });
  await mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  const whose = { purchaseId, trainerIds: [ada.trainerId, bob.trainerId].sort() };
  const booked = { ...whose, sessionIds: [] };
  const completed = { ...whose, sessionIds: [sessions[0]?.sessionId] };
  for (const watch of [ofAda, ofBob, aboutBob, ofStudent]) {
    expect(await watch.changes(3)).toMatchObject([booked, completed, booked]);
  }
});

test("a watch of one purchase hears of no other, and nobody watches another's", async () => {
  const { purchase, sessions } = await book();
  const { purchaseId } = purchase;
  await using watch = await watching(mesh.bookings, { purchaseId });
  await book();
  await complete(sessions[0] ?? { sessionId: "" });
  expect(ids(await watch.changes(1))).toEqual([purchaseId]);
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: randomUUID() });
  expect((await refusalOf(watching(student, { purchaseId }))).reason).toBe("PURCHASE_NOT_FOUND");
  const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });
  expect((await refusalOf(watching(operator, { operatorId: randomUUID() }))).reason).toBe("OPERATOR_MISMATCH");
});

test("a watch goes on at its position, without a gap or a repetition", async () => {
  const first = await watching(mesh.bookings);
  const one = await book();
  expect(ids(await first.changes(1))).toEqual([one.purchase.purchaseId]);
  const position = first.position();
  await first[Symbol.asyncDispose]();
  const two = await book();
  await using second = await watching(mesh.bookings, { position });
  expect(second.first).toMatchObject({ position, changes: [] });
  const three = await book();
  expect(ids(await second.changes(2))).toEqual([two.purchase.purchaseId, three.purchase.purchaseId]);
});

test("a change that began before another and commits after it is told after it, to who watches and who comes back", async () => {
  const [late, early] = [await book(), await book()];
  await using watch = await watching(mesh.bookings);
  const written = Promise.withResolvers<void>();
  const commit = Promise.withResolvers<void>();
  const change = mesh.database.all.transaction(async (tx) => {
    await tx.query(sql.unsafe`
      update purchase set version = version + 1 where purchase_id = ${late.purchase.purchaseId}
    `);
    written.resolve();
    await commit.promise;
  });
  await written.promise;
  await complete(early.sessions[0] ?? { sessionId: "" });
  expect(ids(await watch.changes(1))).toEqual([early.purchase.purchaseId]);
  const position = watch.position();
  commit.resolve();
  await change;
  expect(ids(await watch.changes(1))).toEqual([late.purchase.purchaseId]);
  await using back = await watching(mesh.bookings, { position });
  expect(ids(await back.changes(1))).toEqual([late.purchase.purchaseId]);
});

test("what is rolled back is not told; what is written past all code is, once for each purchase and transaction", async () => {
  const { purchase } = await book();
  await using watch = await watching(mesh.bookings);
  const db = mesh.database.all;
  const failing = db.transaction(async (tx) => {
    await tx.query(sql.unsafe`update purchase set version = 9 where purchase_id = ${purchase.purchaseId}`);
    throw new Error("on purpose");
  });
  await expect(failing).rejects.toThrow("on purpose");
  await db.transaction(async (tx) => {
    for (const sequence of [1, 2]) {
      await tx.query(sql.unsafe`
        update session set version = version + 1
        where purchase_id = ${purchase.purchaseId} and sequence = ${sequence}
      `);
    }
  });
  await db.query(sql.unsafe`delete from session where purchase_id = ${purchase.purchaseId} and sequence = 2`);
  const changes = await watch.changes(2);
  expect(changes.map(({ sessionIds }) => sessionIds.length)).toEqual([2, 1]);
});

test("a booking of any number of sessions writes one change", async () => {
  const { purchase } = await book();
  const rows = await mesh.database.all.oneFirst(sql.type(z.object({ count: z.number() }))`
    select count(*) from schedule_change where purchase_id = ${purchase.purchaseId}
  `);
  expect(rows).toBe(1);
});

test("what others changed is passed over in pages, and a watch that has nothing to tell says so", async () => {
  const { purchase } = await book();
  const at = await placeChanges(mesh.database.all, { patient: true });
  await mesh.database.all.query(sql.unsafe`
    insert into schedule_change (operator_id, purchase_id, student_id, trainer_ids, session_ids)
    select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '{}', '{}' from generate_series(1, 7000)
  `);
  await using watch = await watching(mesh.bookings, { purchaseId: purchase.purchaseId, position: writePosition(at) });
  const { position } = await watch.next();
  expect(position).not.toBe(watch.first.position);
  await reassign(purchase, bob);
  expect(ids(await watch.changes(1))).toEqual([purchase.purchaseId]);
});

test("a position whose changes are forgotten is refused, the oldest that is kept is not", async () => {
  const db = mesh.database.all;
  const old = await placeChanges(db, { patient: true });
  await book();
  const kept = await placeChanges(db, { patient: true });
  const { purchase } = await book();
  await placeChanges(db, { patient: true });
  await db.query(sql.unsafe`
    update schedule_change set placed_at = now() - interval '8 days' where position <= ${kept.position}
  `);
  await forgetChanges(db, 7 * 24);
  const expired = { code: "FailedPrecondition", reason: "WATCH_POSITION_EXPIRED" };
  const from = (position: typeof old) => watching(mesh.bookings, { position: writePosition(position) });
  expect(await refusalOf(from(old))).toMatchObject(expired);
  expect(await refusalOf(from({ ...kept, logId: randomUUID() }))).toMatchObject(expired);
  expect(await refusalOf(from({ ...kept, position: kept.position + 100 }))).toMatchObject(expired);
  expect(await refusalOf(watching(mesh.bookings, { position: "0" }))).toMatchObject({ fields: ["position"] });
  await using watch = await from(kept);
  expect(ids(await watch.changes(1))).toEqual([purchase.purchaseId]);
});

test("a watch ends without an error when the service stops", async () => {
  const watch = await watching(mesh.bookings);
  const rest = Array.fromAsync(watch.messages);
  mesh.beginToStop();
  expect((await rest).flatMap(({ changes }) => changes)).toEqual([]);
});
