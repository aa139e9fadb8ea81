import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Removal } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  givenStudent,
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
  given = await givenCatalogue(mesh, 6);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  mesh.directory.searched = null;
  mesh.directory.history = [];
});

const wish = (more: object = {}) => ({ ...given, requestId: randomUUID(), schedule: weekly("17:00"), ...more });

function infoOf(thrown: unknown) {
  return ConnectError.from(thrown).findDetails(ErrorInfoSchema)[0];
}

async function decisionOf(request: ReturnType<typeof wish>): Promise<string> {
  return mesh.bookings.bookPurchase(request).then(
    ({ purchase }) => purchase?.decisionId ?? "",
    (error: unknown) => infoOf(error)?.metadata.decision_id ?? "",
  );
}

async function expectSame(decisionId: string) {
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  const replayed = await mesh.bookings.replayDecision({ decisionId });
  expect(replayed).toMatchObject({ same: true });
  expect(replayed.decision).toEqual(decision);
  return decision;
}

test("a decision replays from the versions of then, whatever the trainers have become", async () => {
  const [ada] = mesh.directory.trainers;
  const decisionId = await decisionOf(wish());
  mesh.directory.history = mesh.directory.trainers;
  mesh.directory.trainers = [
    aTrainer(given.courseId, { trainerId: ada?.trainerId ?? "", version: 2n, workingHours: [] }),
  ];
  expect(await expectSame(decisionId)).toMatchObject({ trainerId: ada?.trainerId });
});

test("a decision that could not have come of what is kept is told from one that could", async () => {
  const decisionId = await decisionOf(wish());
  const [ada] = mesh.directory.trainers;
  mesh.directory.trainers = [aTrainer(given.courseId, { trainerId: ada?.trainerId ?? "", workingHours: [] })];
  const { same, decision } = await mesh.bookings.replayDecision({ decisionId });
  expect(same).toBe(false);
  expect(decision).toMatchObject({ refusalReason: "NO_TRAINER_AVAILABLE" });
  expect(decision?.candidates).toMatchObject([{ removal: Removal.OUTSIDE_WORKING_HOURS }]);
});

test.each([
  ["no zone", { location: { latitude: -75, longitude: 0 } }],
  ["no student", { studentId: randomUUID() }],
  ["no course", { courseId: randomUUID() }],
  ["the past", { schedule: weekly("17:00", "2029-12-01") }],
  ["a skipped hour", { schedule: skippedHour }],
  ["too few times", { schedule: explicit("2030-02-01T10:00") }],
  ["nobody who works then", { schedule: weekly("23:00") }],
  [
    "an assignment of a session that there is not",
    {
      assignments: [
        { trainerId: randomUUID(), fromSequence: 1 },
        { trainerId: randomUUID(), fromSequence: 9 },
      ],
    },
  ],
  ["a named trainer whom there is not", { assignments: [{ trainerId: randomUUID(), fromSequence: 1 }] }],
])("a refusal for %s replays", async (_, change) => {
  expect(await expectSame(await decisionOf(wish(change)))).toMatchObject({ refusalReason: expect.stringMatching(/./) });
});

test("a student's clash, a busy trainer, a full day and a trainer of before replay", async () => {
  await expectSame(await decisionOf(wish()));
  await expectSame(await decisionOf(wish({ schedule: weekly("17:30") })));
  const studentId = await givenStudent(mesh);
  await expectSame(await decisionOf(wish({ studentId, schedule: weekly("17:30") })));
  await expectSame(await decisionOf(wish({ schedule: weekly("12:00") })));
  const [ada] = mesh.directory.trainers;
  mesh.directory.history = mesh.directory.trainers;
  const full = { trainerId: ada?.trainerId ?? "", dailySessionLimit: 2, version: 2n };
  mesh.directory.trainers = [aTrainer(given.courseId, full)];
  await expectSame(await decisionOf(wish({ schedule: weekly("08:00") })));
});

test("named trainers replay, who can and who cannot", async () => {
  const asleep = aTrainer(given.courseId, { workingHours: [] });
  mesh.directory.trainers.push(asleep);
  const [ada] = mesh.directory.trainers;
  const to = (...trainerIds: string[]) =>
    wish({ assignments: trainerIds.map((trainerId, index) => ({ trainerId, fromSequence: 1 + index * 3 })) });
  await expectSame(await decisionOf(to(ada?.trainerId ?? "", asleep.trainerId)));
  await expectSame(await decisionOf(to(ada?.trainerId ?? "")));
});

test("who had left when looked at again replays as gone", async () => {
  mesh.directory.searched = mesh.directory.trainers;
  mesh.directory.history = mesh.directory.trainers;
  mesh.directory.trainers = [];
  const decision = await expectSame(await decisionOf(wish()));
  expect(decision?.candidates).toMatchObject([{ removal: Removal.NOT_ACTIVE }]);
});

test("sixteen who want four trainers at once leave decisions that replay, whoever was taken meanwhile", async () => {
  mesh.directory.trainers = Array.from({ length: 4 }, () => aTrainer(given.courseId));
  const students = await Promise.all(Array.from({ length: 16 }, () => givenStudent(mesh)));
  const decisionIds = await Promise.all(students.map((studentId) => decisionOf(wish({ studentId }))));
  for (const decisionId of decisionIds) await expectSame(decisionId);
});

test("a version that is not kept, and a decision of before, are refused as such", async () => {
  const decisionId = await decisionOf(wish());
  mesh.directory.trainers = [];
  const reasonOf = () =>
    mesh.bookings.replayDecision({ decisionId }).then(
      () => "",
      (error) => infoOf(error)?.reason,
    );
  expect(await reasonOf()).toBe("DECISION_NOT_REPLAYABLE");
  const inputs = { ...given, zoneId: null, startTimesMs: [], sessionMinutes: 60 };
  const document = { inputs, funnel: null, ranked: [[randomUUID(), 1, 5, 2.5]], removed: [] };
  await mesh.asOwner((db) =>
    db.query(sql.unsafe`
      update decision set record = null, document = ${JSON.stringify(document)}::jsonb where decision_id = ${decisionId}
    `),
  );
  expect(await reasonOf()).toBe("DECISION_NOT_REPLAYABLE");
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  expect(decision?.candidates).toMatchObject([{ rank: 1, distanceMeters: 5, score: 2.5 }]);
});

test("who takes over what is booked, and who gets what was refused, replays as well", async () => {
  const [ada] = mesh.directory.trainers;
  const bob = aTrainer(given.courseId, { base: { latitude: 52.52, longitude: 13.39 } });
  const { purchase: booked } = await mesh.bookings.bookPurchase(wish());
  mesh.directory.trainers.push(bob);
  const purchaseId = booked?.purchaseId ?? "";
  const to = (etag: string, trainer?: { trainerId: string }) =>
    mesh.bookings.reassignTrainer({
      requestId: randomUUID(),
      reassignments: [{ purchaseId, etag, ...(trainer && { trainerId: trainer.trainerId }) }],
    });
  const refused = (call: Promise<unknown>) =>
    call.then(
      () => "",
      (error) => infoOf(error)?.metadata.decision_id ?? "",
    );

  const best = (await to(booked?.etag ?? "")).purchases[0];
  expect(await expectSame(best?.decisionId ?? "")).toMatchObject({ trainerId: bob.trainerId });
  const named = (await to(best?.purchase?.etag ?? "", ada)).purchases[0];
  expect(await expectSame(named?.decisionId ?? "")).toMatchObject({ trainerId: ada?.trainerId });

  mesh.directory.history = [bob];
  mesh.directory.trainers = [...(ada ? [ada] : []), { ...bob, version: 2n, workingHours: [] }];
  const etag = named?.purchase?.etag ?? "";
  expect(await expectSame(await refused(to(etag)))).toMatchObject({ refusalReason: "NO_TRAINER_AVAILABLE" });
  expect(await expectSame(await refused(to(etag, bob)))).toMatchObject({ refusalReason: "TRAINER_NOT_ELIGIBLE" });

  // Another student's, at the same times, with the trainer who is taken.
  const studentId = await givenStudent(mesh);
  await refused(mesh.bookings.bookPurchase(wish({ studentId })));
  const [open] = (await mesh.bookings.listPurchases({ studentId })).purchases;
  const assign = (more: object) =>
    mesh.bookings.assignTrainer({
      requestId: randomUUID(),
      purchaseId: open?.purchaseId ?? "",
      etag: open?.etag ?? "",
      ...more,
    });
  const busy = await refused(assign({ trainerId: ada?.trainerId }));
  expect(await expectSame(busy)).toMatchObject({ refusalReason: "TRAINER_NOT_ELIGIBLE" });
  expect(await expectSame(await refused(assign({})))).toMatchObject({ refusalReason: "NO_TRAINER_AVAILABLE" });
  const { purchase } = await assign({ schedule: weekly("12:00") });
  expect(await expectSame(purchase?.decisionId ?? "")).toMatchObject({ trainerId: ada?.trainerId });
});

test("another operator's decision is not there to be replayed", async () => {
  const decisionId = await decisionOf(wish());
  const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  const error = await operator.replayDecision({ decisionId }).then(() => undefined, infoOf);
  expect(error?.reason).toBe("DECISION_NOT_FOUND");
});
