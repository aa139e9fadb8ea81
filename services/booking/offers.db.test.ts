import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { type Explanation, ExplanationSchema } from "../../gen/cadre/booking/v1/explanation_pb.ts";
import type { Offer } from "../../gen/cadre/booking/v1/offer_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { sql } from "../runtime/database.ts";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  givenStudent,
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
  mesh.directory.trainers = [];
  mesh.directory.calls = [];
});

function wish(schedule: ReturnType<typeof weekly> | ReturnType<typeof explicit> = weekly("17:00"), more: object = {}) {
  const { studentId, courseId, location } = given;
  return { requestId: randomUUID(), studentId, courseId, location, schedule, ...more };
}

async function refusalOf(request: ReturnType<typeof wish>) {
  const error = await mesh.bookings.bookPurchase(request).then(() => undefined, ConnectError.from);
  if (!error) throw new Error("the call succeeded");
  const [explanation] = error.findDetails(ExplanationSchema);
  return { reason: error.findDetails(ErrorInfoSchema)[0]?.reason, explanation, offers: explanation?.offers ?? [] };
}

/** The request with what the offer says. */
function accepting(request: ReturnType<typeof wish>, { times, assignments }: Offer) {
  const schedule = times ? explicit(...times.localStartTimes) : request.schedule;
  return { ...request, requestId: randomUUID(), schedule, assignments };
}

/** Books the trainer away at these times, for somebody else. */
async function givenLessons(trainer: ReturnType<typeof aTrainer>, ...localStartTimes: string[]) {
  const { courseId, location } = await givenCatalogue(mesh, localStartTimes.length);
  const before = mesh.directory.trainers;
  mesh.directory.trainers = [{ ...trainer, qualifications: aTrainer(courseId).qualifications }];
  const studentId = await givenStudent(mesh);
  const schedule = explicit(...localStartTimes);
  await mesh.bookings.bookPurchase({ requestId: randomUUID(), studentId, courseId, location, schedule });
  mesh.directory.trainers = before;
}

const kindOf = (offer: Offer): string => (offer.times ? "moved" : "split");
const movesOf = ({ moves }: Offer): (string | number)[][] =>
  moves.map(({ sequence, localStartTimeBefore, localStartTime }) => [sequence, localStartTimeBefore, localStartTime]);

test("the sessions that clash are offered at the nearest times, and the offer can be taken", async () => {
  const ada = aTrainer(given.courseId);
  mesh.directory.trainers = [ada];
  await givenLessons(ada, "2030-01-10T16:00", "2030-01-21T16:30");
  const request = wish();
  const { reason, offers } = await refusalOf(request);
  expect(reason).toBe("NO_TRAINER_AVAILABLE");
  expect(offers.map(kindOf)).toEqual(["moved"]);
  const [offer] = offers as [Offer];
  expect(movesOf(offer)).toEqual([
    [2, "2030-01-10T17:00:00", "2030-01-10T17:15:00"],
    [5, "2030-01-21T17:00:00", "2030-01-21T17:45:00"],
  ]);
  expect(offer.trainers).toMatchObject([{ trainerId: ada.trainerId, name: "Ada", distanceMeters: 0 }]);

  const { sessions, trainers } = await mesh.bookings.bookPurchase(accepting(request, offer));
  expect(sessions.map(({ localStartTime }) => localStartTime.slice(0, 16))).toEqual(offer.times?.localStartTimes);
  expect(trainers).toEqual(offer.trainers);
});

test("two trainers share what neither can give alone, with as few changes as can be", async () => {
  const [ada, bob] = [aTrainer(given.courseId), aTrainer(given.courseId, { name: "Bob" })];
  mesh.directory.trainers = [ada, bob];
  await givenLessons(ada, "2030-01-21T17:00", "2030-01-24T17:00");
  await givenLessons(bob, "2030-01-07T17:00");
  const request = wish();
  const { offers } = await refusalOf(request);
  const split = offers.find((offer) => kindOf(offer) === "split");
  expect(split?.assignments).toMatchObject([
    { trainerId: ada.trainerId, fromSequence: 1 },
    { trainerId: bob.trainerId, fromSequence: 5 },
  ]);

  const { purchase, sessions, trainer, trainers } = await mesh.bookings.bookPurchase(
    accepting(request, split as Offer),
  );
  const ids = [ada, ada, ada, ada, bob, bob].map(({ trainerId }) => trainerId);
  expect(sessions.map(({ trainerId }) => trainerId)).toEqual(ids);
  expect([trainer?.trainerId, purchase?.trainerId]).toEqual([ada.trainerId, ada.trainerId]);
  expect(trainers.map(({ name }) => name)).toEqual(["Ada", "Bob"]);
  const purchaseId = purchase?.purchaseId ?? "";
  expect((await mesh.bookings.listSessions({ purchaseId })).sessions).toEqual(sessions);
  expect(await claimsOf(purchaseId)).toEqual([
    { trainerId: ada.trainerId, sessions: 4 },
    { trainerId: bob.trainerId, sessions: 2 },
  ]);

  const bobSees = mesh.bookingsAs(Role.TRAINER, { trainer_id: bob.trainerId });
  expect((await bobSees.getPurchase({ purchaseId })).purchase).toEqual(purchase);
  expect((await bobSees.listPurchases({})).purchases).toContainEqual(purchase);
});

async function claimsOf(purchaseId: string) {
  const claim = z.object({ trainerId: z.string(), sessions: z.number() });
  const claims = await mesh.database.all.any(sql.type(claim)`
    select trainer_id as "trainerId", session_count as sessions from trainer_claim where purchase_id = ${purchaseId}
  `);
  return claims.toSorted((a, b) => b.sessions - a.sessions);
}

test("where a qualification ends within the course, who takes over need not have been qualified before", async () => {
  const until = (fromDate: string, untilDate: string) => [{ courseId: given.courseId, fromDate, untilDate }];
  const ada = aTrainer(given.courseId, { qualifications: until("2020-01-01", "2030-01-17") as never });
  const bob = aTrainer(given.courseId, { qualifications: until("2030-01-15", "2031-01-01") as never });
  mesh.directory.trainers = [ada, bob];
  const request = wish();
  const { offers } = await refusalOf(request);
  const split = offers.find((offer) => kindOf(offer) === "split") as Offer;
  expect(split.assignments).toMatchObject([
    { trainerId: ada.trainerId, fromSequence: 1 },
    { trainerId: bob.trainerId, fromSequence: 5 },
  ]);
  expect((await mesh.bookings.bookPurchase(accepting(request, split))).sessions).toHaveLength(6);
});

test("an offer leaves the student's other lessons alone, with whichever operator they are", async () => {
  const ada = aTrainer(given.courseId);
  mesh.directory.trainers = [ada];
  await givenLessons(ada, "2030-01-10T16:00");
  const other = await givenCatalogue(mesh, 2);
  const cleo = aTrainer(other.courseId);
  mesh.directory.trainers = [cleo];
  const { studentId } = given;
  const schedule = explicit("2030-01-10T15:30", "2030-01-10T18:10");
  await mesh.bookings.bookPurchase({ ...other, studentId, requestId: randomUUID(), schedule });

  mesh.directory.trainers = [ada];
  const [offer] = (await refusalOf(wish())).offers as [Offer];
  expect(movesOf(offer)).toEqual([[2, "2030-01-10T17:00:00", "2030-01-10T19:15:00"]]);
  await mesh.bookings.bookPurchase(accepting(wish(), offer));
});

test("where public holidays are skipped, nothing is offered on one", async () => {
  const hours = aTrainer(given.courseId).workingHours.filter(({ dayOfWeek }) => dayOfWeek !== DayOfWeek.WEDNESDAY);
  const ada = aTrainer(given.courseId, {
    workingHours: hours.map((range) => ({ ...range, startTime: "17:00", endTime: "18:00" })),
  });
  mesh.directory.trainers = [ada];
  await givenLessons(ada, "2030-04-18T17:00");
  const schedule = weekly("17:00", "2030-04-04");
  schedule.times.value = { ...schedule.times.value, skipPublicHolidays: true } as never;
  const [offer] = (await refusalOf(wish(schedule))).offers as [Offer];
  // Friday is Good Friday.
  expect(movesOf(offer)).toEqual([[5, "2030-04-18T17:00:00", "2030-04-20T17:00:00"]]);
  await mesh.bookings.bookPurchase(accepting(wish(schedule), offer));
});

test("a student who is taken is offered other times as well", async () => {
  mesh.directory.trainers = [aTrainer(given.courseId)];
  const other = await givenCatalogue(mesh, 1);
  mesh.directory.trainers.push(aTrainer(other.courseId, { qualifications: aTrainer(other.courseId).qualifications }));
  const { studentId } = given;
  await mesh.bookings.bookPurchase({
    ...other,
    studentId,
    requestId: randomUUID(),
    schedule: explicit("2030-01-10T17:00"),
    assignments: [{ trainerId: mesh.directory.trainers[1]?.trainerId ?? "", fromSequence: 1 }],
  });
  const request = wish();
  const { reason, offers } = await refusalOf(request);
  expect(reason).toBe("STUDENT_ALREADY_BOOKED");
  const [offer] = offers as [Offer];
  expect(movesOf(offer)).toEqual([[2, "2030-01-10T17:00:00", "2030-01-10T18:00:00"]]);
  await mesh.bookings.bookPurchase(accepting(request, offer));
});

test("a refusal's details stay below what clients take of a status, whatever the course", async () => {
  const long = await givenCatalogue(mesh, 200);
  const ada = aTrainer(long.courseId, { name: "A".repeat(200) });
  mesh.directory.trainers = Array.from({ length: 12 }, () => ({ ...ada, trainerId: randomUUID() }));
  const hours = aTrainer(long.courseId).workingHours.map((range) => ({ ...range, startTime: "18:00" }));
  for (const trainer of mesh.directory.trainers) trainer.workingHours = hours;
  const request = { ...long, requestId: randomUUID(), schedule: weekly("17:00") };
  const error = await mesh.bookings.bookPurchase(request).then(() => undefined, ConnectError.from);
  const bytes = error?.details.reduce(
    (sum, detail) => sum + ("value" in detail && detail.value instanceof Uint8Array ? detail.value.length : 0),
    0,
  );
  expect(bytes).toBeGreaterThan(2000);
  expect(bytes).toBeLessThan(6000); // a third more in base64
  const { outcome } = await mesh.bookings.previewPurchase(request);
  const explanation = (outcome.value as { explanation?: Explanation }).explanation;
  expect(explanation?.offers[0]?.moves).toHaveLength(200);
});

test.each([
  ["that do not begin at the first session", [2], "INVALID_FIELD"],
  ["that are out of order", [1, 4, 4], "INVALID_FIELD"],
  ["of a session that there is not", [1, 7], "SESSION_COUNT_MISMATCH"],
])("assignments %s are refused", async (_, sequences, reason) => {
  const ada = aTrainer(given.courseId);
  mesh.directory.trainers = [ada];
  const assignments = sequences.map((fromSequence) => ({ trainerId: ada.trainerId, fromSequence }));
  expect((await refusalOf(wish(undefined, { assignments }))).reason).toBe(reason);
});

test("who is assigned by name must be able to, and one of this operator's", async () => {
  const asleep = aTrainer(given.courseId, { name: "Bob", workingHours: [] });
  const foreign = aTrainer(given.courseId, { operatorId: randomUUID() });
  mesh.directory.trainers = [aTrainer(given.courseId), asleep, foreign];
  const to = ({ trainerId }: { trainerId: string }) =>
    wish(undefined, { assignments: [{ trainerId, fromSequence: 1 }] });
  const refusal = await refusalOf(to(asleep));
  expect(refusal.reason).toBe("ASSIGNMENT_NOT_POSSIBLE");
  expect(refusal.explanation).toMatchObject({ nearest: [{ name: "Bob", clashingSessionCount: 6 }], offers: [] });
  expect((await refusalOf(to(foreign))).reason).toBe("TRAINER_NOT_FOUND");
  expect((await refusalOf(to({ trainerId: randomUUID() }))).reason).toBe("TRAINER_NOT_FOUND");
});

test("a refusal makes two calls at most, an assigned booking one", async () => {
  const ada = aTrainer(given.courseId);
  mesh.directory.trainers = [ada];
  await givenLessons(ada, "2030-01-10T17:00");
  mesh.directory.calls = [];
  const request = wish();
  const [offer] = (await refusalOf(request)).offers as [Offer];
  expect(mesh.directory.calls).toEqual(["SearchTrainers"]);
  mesh.directory.calls = [];
  await mesh.bookings.bookPurchase(accepting(request, offer));
  expect(mesh.directory.calls).toEqual(["GetTrainers"]);
});
