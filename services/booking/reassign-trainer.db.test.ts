import { randomUUID } from "node:crypto";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import type { BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { FunnelSchema, Removal } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { DecisionRecordSchema } from "../../gen/cadre/booking/v1/decision_record_pb.ts";
import { ExplanationSchema } from "../../gen/cadre/booking/v1/explanation_pb.ts";
import { type Purchase, PurchaseState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Trainer } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import { testServerUrl } from "../runtime/testing/database.ts";
import { type CountedServer, countRoundTrips } from "../runtime/testing/round-trips.ts";
import { auditOf } from "./testing/audit.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  explicit,
  givenCatalogue,
  givenStudent,
  NOW,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";
import { refusalOf } from "./testing/refusal.ts";

let counter: CountedServer;
let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;
let ada: Trainer;
let bob: Trainer;

beforeAll(async () => {
  counter = await countRoundTrips(await testServerUrl());
  mesh = await startBookingServer({ counter });
});
afterAll(async () => {
  await mesh.close();
  counter.close();
});
beforeEach(async () => {
  given = await givenCatalogue(mesh, 2);
  ada = aTrainer(given.courseId);
  bob = aTrainer(given.courseId);
  mesh.directory.trainers = [ada];
});

const SCHEDULE = explicit("2030-01-07T10:00", "2030-01-08T10:00");
const AFTER_FIRST = { headers: { "cadre-time": "2030-01-07T12:00:00Z" } };

/** Somebody's purchase from the one trainer who is there. */
async function bookWith(trainer: Trainer): Promise<BookPurchaseResponse & { purchase: Purchase }> {
  mesh.directory.trainers = [trainer];
  const studentId = await givenStudent(mesh);
  const booked = await mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule: SCHEDULE });
  if (!booked.purchase) throw new Error("nothing was booked");
  mesh.directory.trainers = [ada, bob];
  return { ...booked, purchase: booked.purchase };
}

async function refusedPurchase(): Promise<Purchase> {
  mesh.directory.trainers = [];
  await mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule: SCHEDULE }).catch(() => undefined);
  mesh.directory.trainers = [ada, bob];
  const [purchase] = (await mesh.bookings.listPurchases({ studentId: given.studentId })).purchases;
  if (purchase?.state !== PurchaseState.REFUSED) throw new Error("it was not refused");
  return purchase;
}

interface Change {
  purchase: Purchase;
  to?: Trainer;
  sessionIds?: string[];
}

function reassign(changes: Change[], { by = mesh.bookings, headers = {} } = {}) {
  const reassignments = changes.map(({ purchase: { purchaseId, etag }, to, sessionIds = [] }) => ({
    purchaseId,
    etag,
    sessionIds,
    ...(to ? { trainerId: to.trainerId } : {}),
  }));
  return by.reassignTrainer({ requestId: randomUUID(), reassignments }, { headers });
}

async function trainersOf({ purchaseId }: Purchase): Promise<string[]> {
  return (await mesh.bookings.listSessions({ purchaseId })).sessions.map(({ trainerId }) => trainerId);
}

test("all that lies ahead goes to another trainer; what was held stays the first one's", async () => {
  const { purchase, sessions } = await bookWith(ada);
  const complete = { requestId: randomUUID(), sessionId: sessions[0]?.sessionId ?? "" };
  const active = (await mesh.bookings.completeSession(complete, AFTER_FIRST)).purchase ?? purchase;
  const { purchases } = await reassign([{ purchase: active, to: bob }], AFTER_FIRST);
  expect(purchases).toMatchObject([
    { purchase: { trainerId: bob.trainerId, state: PurchaseState.ACTIVE }, sessions: [{ sequence: 2 }] },
  ]);
  expect(await trainersOf(purchase)).toEqual([ada.trainerId, bob.trainerId]);
  const { decision } = await mesh.bookings.getDecision({ decisionId: purchases[0]?.decisionId ?? "" });
  expect(decision).toMatchObject({ trainerId: bob.trainerId, purchaseId: purchase.purchaseId });
  const actions = (await auditOf(mesh.database.all, purchase.purchaseId)).map(({ action }) => action);
  expect(actions).toEqual(["BookPurchase", "ReassignTrainer"]);
});

test("some sessions go to another trainer, and the purchase stays its trainer's", async () => {
  const { purchase, sessions } = await bookWith(ada);
  const { purchases } = await reassign([{ purchase, to: bob, sessionIds: [sessions[1]?.sessionId ?? ""] }]);
  expect(purchases[0]?.purchase?.trainerId).toBe(ada.trainerId);
  expect(await trainersOf(purchase)).toEqual([ada.trainerId, bob.trainerId]);
});

test("a purchase all of whose sessions have gone to another trainer is that trainer's, whether named one by one or moved", async () => {
  const { purchase, sessions } = await bookWith(ada);
  const { purchases } = await reassign([{ purchase, to: bob, sessionIds: sessions.map(({ sessionId }) => sessionId) }]);
  const [taken] = purchases;
  expect(taken?.purchase).toMatchObject({ trainerId: bob.trainerId, decisionId: taken?.decisionId });

  for (const [index, { sessionId }] of sessions.entries()) {
    const request = { requestId: randomUUID(), sessionId, etag: "2", localStartTime: `2030-01-1${index}T10:00` };
    await mesh.bookings.rescheduleSession({ ...request, trainerId: ada.trainerId });
  }
  const { purchaseId } = purchase;
  expect((await mesh.bookings.getPurchase({ purchaseId })).purchase?.trainerId).toBe(ada.trainerId);
  const gone = { requestId: randomUUID(), sessionId: sessions[0]?.sessionId ?? "", etag: "3" };
  const owed = await mesh.bookings.cancelSession(gone);
  const again = {
    ...gone,
    requestId: randomUUID(),
    etag: owed.session?.etag ?? "",
    localStartTime: "2030-01-20T10:00",
  };
  expect((await mesh.bookings.rescheduleSession(again)).session?.trainerId).toBe(ada.trainerId);
});

test("two trainers who are both taken then are swapped in one request, and cannot be one after the other", async () => {
  const [first, second] = [await bookWith(ada), await bookWith(bob)];
  const refusal = await refusalOf(reassign([{ purchase: first.purchase, to: bob }]));
  expect(refusal.reason).toBe("TRAINER_NOT_ELIGIBLE");
  await reassign([
    { purchase: first.purchase, to: bob },
    { purchase: second.purchase, to: ada },
  ]);
  expect(await trainersOf(first.purchase)).toEqual([bob.trainerId, bob.trainerId]);
  expect(await trainersOf(second.purchase)).toEqual([ada.trainerId, ada.trainerId]);
});

test("one purchase more takes a decision and an audit entry more, and nothing else is asked again", async () => {
  const trainers = [ada, bob, ...Array.from({ length: 4 }, () => aTrainer(given.courseId))];
  const booked: Purchase[] = [];
  for (const trainer of trainers) booked.push((await bookWith(trainer)).purchase);
  mesh.directory.trainers = trainers;
  const by = mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });
  await by.listPurchases({});
  const roundTrips = async (purchases: Purchase[], to: Trainer[]) => {
    counter.roundTrips();
    const changes = purchases.map((purchase, index) => ({ purchase, ...(to[index] && { to: to[index] }) }));
    await reassign(changes, { by });
    return counter.roundTrips();
  };
  const [a, b, c, d, e, f] = trainers as [Trainer, Trainer, Trainer, Trainer, Trainer, Trainer];
  const ofTwo = await roundTrips(booked.slice(0, 2), [b, a]);
  expect(await roundTrips(booked.slice(2), [d, c, f, e])).toBe(ofTwo + 2 * 2);
});

test("of several changes one that cannot be made undoes the others, and leaves its decision", async () => {
  const [first, second, third] = [await bookWith(ada), await bookWith(bob), await bookWith(aTrainer(given.courseId))];
  const chain = reassign([
    { purchase: third.purchase, to: ada },
    { purchase: second.purchase, to: ada },
  ]);
  expect((await refusalOf(chain)).reason).toBe("TRAINER_NOT_ELIGIBLE");
  expect(await trainersOf(second.purchase)).toEqual([bob.trainerId, bob.trainerId]);
  expect(await trainersOf(first.purchase)).toEqual([ada.trainerId, ada.trainerId]);
});

test("two changes that clash with each other at one trainer are refused for that trainer, against one of the two", async () => {
  const [eve, dan] = [aTrainer(given.courseId), aTrainer(given.courseId)];
  const toEve = await bookWith(ada);
  const toDan = await bookWith(bob);
  const elsewhen = explicit("2030-01-09T10:00", "2030-01-10T10:00");
  mesh.directory.trainers = [ada];
  const request = { ...given, studentId: await givenStudent(mesh), requestId: randomUUID(), schedule: elsewhen };
  const atPeace = (await mesh.bookings.bookPurchase(request)).purchase;
  const clashing = await bookWith(aTrainer(given.courseId));
  mesh.directory.trainers = [ada, bob, eve, dan];
  if (!atPeace) throw new Error("nothing was booked");
  const call = reassign([
    { purchase: toEve.purchase, to: eve },
    { purchase: atPeace, to: dan },
    { purchase: toDan.purchase, to: dan },
    { purchase: clashing.purchase, to: dan },
  ]);
  const error = await call.then(() => undefined, ConnectError.from);
  const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
  expect(info).toMatchObject({
    reason: "TRAINER_NOT_ELIGIBLE",
    metadata: {
      trainer_id: dan.trainerId,
      purchase_id: clashing.purchase.purchaseId,
      removal: "busy",
      clash_local_times: "2030-01-07T10:00,2030-01-08T10:00",
    },
  });
  const { decision } = await mesh.bookings.getDecision({ decisionId: info?.metadata.decision_id ?? "" });
  expect(decision).toMatchObject({
    purchaseId: clashing.purchase.purchaseId,
    candidates: [{ trainerId: dan.trainerId, removal: Removal.TAKEN_MEANWHILE }],
  });
});

test("of several changes, the one whose trainer may not teach is named", async () => {
  const [first, second] = [await bookWith(ada), await bookWith(bob)];
  const far = aTrainer(given.courseId, { base: { latitude: 53, longitude: 13.4 } });
  mesh.directory.trainers = [ada, bob, far];
  const call = reassign([
    { purchase: first.purchase, to: bob },
    { purchase: second.purchase, to: far },
  ]);
  const error = await call.then(() => undefined, ConnectError.from);
  expect(error?.findDetails(ErrorInfoSchema)[0]?.metadata).toMatchObject({
    trainer_id: far.trainerId,
    purchase_id: second.purchase.purchaseId,
  });
});

test("without a trainer named the best one else is found, or nobody is", async () => {
  const { purchase } = await bookWith(ada);
  const { purchases } = await reassign([{ purchase }]);
  expect(purchases[0]?.purchase?.trainerId).toBe(bob.trainerId);
  await bookWith(ada);
  const again = purchases[0]?.purchase ?? purchase;
  const error = await reassign([{ purchase: again }]).then(() => undefined, ConnectError.from);
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "NO_TRAINER_AVAILABLE" }]);
  expect(error?.findDetails(ExplanationSchema)).toMatchObject([
    { removals: [{ removal: Removal.BUSY, trainerCount: 1 }], nearest: [{ trainerId: ada.trainerId }], offers: [] },
  ]);
});

test("what has begun, what is not there and what is not the caller's is refused", async () => {
  const { purchase, sessions } = await bookWith(ada);
  const [one] = sessions;
  const begun = reassign([{ purchase, to: bob, sessionIds: [one?.sessionId ?? ""] }], AFTER_FIRST);
  expect((await refusalOf(begun)).reason).toBe("SCHEDULE_IN_PAST");
  const gone = { headers: { "cadre-time": "2030-02-01T00:00:00Z" } };
  expect((await refusalOf(reassign([{ purchase, to: bob }], gone))).reason).toBe("NO_SESSION_AHEAD");
  expect((await refusalOf(reassign([{ purchase, sessionIds: [randomUUID()] }]))).reason).toBe("SESSION_NOT_FOUND");
  const stale = { ...purchase, etag: "9" };
  expect((await refusalOf(reassign([{ purchase: stale, to: bob }]))).reason).toBe("ETAG_MISMATCH");
  const rival = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  expect((await refusalOf(reassign([{ purchase, to: bob }], { by: rival }))).reason).toBe("PURCHASE_NOT_FOUND");
  const twice = reassign([
    { purchase, to: bob },
    { purchase, to: ada },
  ]);
  expect((await refusalOf(twice)).fields).toEqual(["reassignments[1].purchase_id"]);
  const open = await bookWith(bob);
  const { fields } = await refusalOf(reassign([{ purchase, to: bob }, { purchase: open.purchase }]));
  expect(fields).toEqual(["reassignments[1].trainer_id"]);
});

test("a refused purchase is given to the trainer who is named, at the times that were wished for", async () => {
  const refused = await refusedPurchase();
  const request = { purchaseId: refused.purchaseId, etag: refused.etag, trainerId: bob.trainerId };
  const { purchase, sessions } = await mesh.bookings.assignTrainer({ requestId: randomUUID(), ...request });
  expect(purchase).toMatchObject({ state: PurchaseState.ASSIGNED, trainerId: bob.trainerId, operatorId: COMPANY });
  expect(sessions.map(({ localStartTime }) => localStartTime)).toEqual(["2030-01-07T10:00:00", "2030-01-08T10:00:00"]);
  const { purchaseId } = refused;
  expect((await mesh.bookings.getPurchase({ purchaseId })).purchase).toEqual(purchase);
  expect((await mesh.bookings.listSessions({ purchaseId })).sessions).toEqual(sessions);
  expect(purchase?.decisionId).not.toBe(refused.decisionId);
  const again = { requestId: randomUUID(), ...request, etag: purchase?.etag ?? "" };
  expect((await refusalOf(mesh.bookings.assignTrainer(again))).reason).toBe("PURCHASE_STATE_CONFLICT");
});

test("a refused purchase is given to the best, at other times if wished, and not while its student is taken", async () => {
  const { purchaseId, etag } = await refusedPurchase();
  const assign = (schedule?: ReturnType<typeof explicit>) =>
    mesh.bookings.assignTrainer({ requestId: randomUUID(), purchaseId, etag, ...(schedule ? { schedule } : {}) });
  await mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule: SCHEDULE });
  expect((await refusalOf(assign())).reason).toBe("STUDENT_ALREADY_BOOKED");
  expect((await refusalOf(assign(explicit("2030-01-09T10:00")))).reason).toBe("SESSION_COUNT_MISMATCH");
  expect((await refusalOf(assign(explicit("2020-01-09T10:00", "2030-01-09T10:00")))).reason).toBe("SCHEDULE_IN_PAST");
  const { sessions } = await assign(explicit("2030-01-09T10:00", "2030-01-10T10:00"));
  expect(sessions).toHaveLength(2);
});

test("times that cannot be are refused on record, and decided so again", async () => {
  const { purchaseId, etag } = await refusedPurchase();
  const assign = (schedule?: ReturnType<typeof explicit | typeof weekly>, at = NOW) =>
    mesh.bookings.assignTrainer(
      { requestId: randomUUID(), purchaseId, etag, ...(schedule && { schedule }) },
      { headers: { "cadre-time": at } },
    );
  const holidays = weekly("17:00", "2031-12-15");
  holidays.times.value.skipPublicHolidays = true;
  const calls = [
    [assign(explicit("2030-01-09T10:00")), "SESSION_COUNT_MISMATCH"],
    [assign(explicit("2030-03-31T02:30", "2030-01-09T10:00")), "LOCAL_TIME_DOES_NOT_EXIST"],
    [assign(holidays, "2029-12-17T12:00:00Z"), "SCHEDULE_TOO_FAR_AHEAD"],
    [assign(undefined, "2030-01-08T00:00:00Z"), "SCHEDULE_IN_PAST"],
  ] as const;
  for (const [call, reason] of calls) {
    const error = await call.then(() => undefined, ConnectError.from);
    const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
    const { decision_id: decisionId = "" } = info?.metadata ?? {};
    const { decision } = await mesh.bookings.getDecision({ decisionId });
    expect(decision).toMatchObject({ refusalReason: reason, purchaseId, candidates: [] });
    expect(await mesh.bookings.replayDecision({ decisionId })).toMatchObject({ same: true, decision });
  }
});

test("the times that were wished for are those of the clock, whatever the clocks do since", async () => {
  const { purchaseId, etag, decisionId } = await refusedPurchase();
  await mesh.asOwner(async (db) => {
    const bytes = await db.oneFirst(sql.type(z.object({ record: z.instanceof(Buffer) }))`
      select record from decision where decision_id = ${decisionId}
    `);
    const record = fromBinary(DecisionRecordSchema, bytes);
    // As though Berlin had been two hours ahead in January then.
    record.startMinutes[0] = (record.startMinutes[0] ?? 0n) - 60n;
    record.aheadMinutes[0] = (record.aheadMinutes[0] ?? 0) + 60;
    const then = sql.binary(Buffer.from(toBinary(DecisionRecordSchema, record)));
    await db.query(sql.unsafe`update decision set record = ${then} where decision_id = ${decisionId}`);
  });
  const { sessions } = await mesh.bookings.assignTrainer({ requestId: randomUUID(), purchaseId, etag });
  expect(sessions.map(({ localStartTime }) => localStartTime)).toEqual(["2030-01-07T10:00:00", "2030-01-08T10:00:00"]);
});

test("a trainer who may not teach it is not assigned, and the refusal has its decision", async () => {
  const { purchaseId, etag } = await refusedPurchase();
  const far = aTrainer(given.courseId, { base: { latitude: 53, longitude: 13.4 } });
  mesh.directory.trainers = [far];
  const request = { requestId: randomUUID(), purchaseId, etag, trainerId: far.trainerId };
  expect((await refusalOf(mesh.bookings.assignTrainer(request))).reason).toBe("TRAINER_NOT_ELIGIBLE");
  const unknown = { ...request, requestId: randomUUID(), trainerId: randomUUID() };
  expect((await refusalOf(mesh.bookings.assignTrainer(unknown))).reason).toBe("TRAINER_NOT_FOUND");
  const best = { requestId: randomUUID(), purchaseId, etag };
  expect((await refusalOf(mesh.bookings.assignTrainer(best))).reason).toBe("NO_TRAINER_AVAILABLE");
  expect((await mesh.bookings.getPurchase({ purchaseId })).purchase?.state).toBe(PurchaseState.REFUSED);
});

test("a purchase is assigned around public holidays where its schedule says so", async () => {
  const { purchaseId, etag } = await refusedPurchase();
  const schedule = weekly("17:00", "2030-04-22"); // Easter Monday
  schedule.times.value.skipPublicHolidays = true;
  const { sessions } = await mesh.bookings.assignTrainer({ requestId: randomUUID(), purchaseId, etag, schedule });
  const dates = sessions.map(({ localStartTime }) => localStartTime.slice(0, 10));
  expect(dates).toEqual(["2030-04-25", "2030-04-29"]);
});

test("who assigns a trainer is told how many each condition left over", async () => {
  const { purchaseId, etag } = await refusedPurchase();
  mesh.directory.trainers = [aTrainer(given.courseId, { qualifications: [] })];
  const call = mesh.bookings.assignTrainer({ requestId: randomUUID(), purchaseId, etag });
  const error = await call.then(() => undefined, ConnectError.from);
  expect(error?.findDetails(FunnelSchema)).toMatchObject([{ active: 1, freeOnEverySession: 0 }]);
});

test("nothing is assigned to a student who was erased", async () => {
  const { purchaseId, studentId } = await refusedPurchase();
  await mesh.students.eraseStudent({ requestId: randomUUID(), studentId });
  const etag = (await mesh.bookings.getPurchase({ purchaseId })).purchase?.etag ?? "";
  const call = mesh.bookings.assignTrainer({ requestId: randomUUID(), purchaseId, etag });
  expect((await refusalOf(call)).reason).toBe("STUDENT_NOT_FOUND");
});
