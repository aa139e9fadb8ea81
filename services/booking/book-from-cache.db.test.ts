import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Removal } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { type Trainer, TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  aTrainer,
  type BookingServer,
  givenCatalogue,
  givenStudent,
  MAX_AGE_MS,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";
import { STALE_MS } from "./trainer-cache.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;
let ada: Trainer;
let passedMs: number;

beforeEach(async () => {
  passedMs = 0;
  mesh = await startBookingServer({ nowMs: () => 1_000_000 + passedMs });
  given = await givenCatalogue(mesh, 2);
  ada = aTrainer(given.courseId);
  mesh.directory.trainers = [ada];
});
afterEach(() => mesh.close());

async function book(startTime: string) {
  const studentId = await givenStudent(mesh);
  return mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), studentId, schedule: weekly(startTime) });
}

async function refused(startTime: string) {
  const error = await book(startTime).then(() => undefined, ConnectError.from);
  const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
  const decisionId = info?.metadata.decision_id;
  return { reason: info?.reason, decision: decisionId ? await decisionOf(decisionId) : undefined };
}

async function decisionOf(decisionId = "") {
  return (await mesh.bookings.getDecision({ decisionId })).decision;
}

/** The directory follows changes, and knows everybody who teaches the course. */
async function givenKnown() {
  await mesh.follow();
  await book("06:00");
  mesh.directory.calls = [];
}

test("where the database never agrees that somebody is free, a booking gives up and says when to come back", async () => {
  await book("08:00");
  // What searches does not know of the limit that reads.
  mesh.directory.searched = [ada];
  mesh.directory.trainers = [{ ...ada, dailySessionLimit: 1, version: 2n }];
  const error = await book("12:00").then(() => undefined, ConnectError.from);
  expect(error).toMatchObject({ code: Code.Unavailable });
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "TRAINERS_TAKEN_MEANWHILE" }]);
  expect(error?.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n } }]);
});

test("when all who teach the course are known, a booking makes one call, to be sure of the best", async () => {
  await givenKnown();
  const { purchase } = await book("08:00");
  expect(mesh.directory.calls).toEqual(["GetTrainers"]);
  expect((await decisionOf(purchase?.decisionId))?.directoryAgeMs).toBeUndefined();
});

test("who came to teach the course is found as soon as the change is told", async () => {
  await givenKnown();
  await book("08:00");
  const grace = aTrainer(given.courseId);
  mesh.directory.trainers.push(grace);
  await mesh.tell(grace.trainerId);
  expect((await book("08:00")).trainer?.trainerId).toBe(grace.trainerId);
});

test("nobody is refused on the cache's word: before it says no, the trainer service is asked", async () => {
  await givenKnown();
  await book("08:00");
  const grace = aTrainer(given.courseId);
  mesh.directory.trainers.push(grace);
  mesh.directory.calls = [];
  expect((await book("08:00")).trainer?.trainerId).toBe(grace.trainerId);
  expect(mesh.directory.calls).toEqual(["SearchTrainers"]);
});

test("a trainer whom the cache still holds for active is seen as suspended just before the booking", async () => {
  await givenKnown();
  mesh.directory.trainers = [aTrainer(given.courseId, { trainerId: ada.trainerId, status: TrainerStatus.SUSPENDED })];
  const { reason, decision } = await refused("08:00");
  expect(reason).toBe("NO_TRAINER_AVAILABLE");
  expect(decision?.candidates).toMatchObject([{ trainerId: ada.trainerId, removal: Removal.NOT_ACTIVE }]);
  expect(mesh.directory.calls).toEqual(["GetTrainers", "SearchTrainers"]);
});

test("while the trainer service is down, bookings and refusals rest on what is known, and their decisions say so", async () => {
  await givenKnown();
  mesh.directory.down = true;
  passedMs = 60_000;
  const { purchase, trainer } = await book("08:00");
  expect(trainer?.trainerId).toBe(ada.trainerId);
  expect((await decisionOf(purchase?.decisionId))?.directoryAgeMs).toBe(60_000n);

  const { reason, decision } = await refused("08:00");
  expect(reason).toBe("NO_TRAINER_AVAILABLE");
  expect(decision).toMatchObject({ directoryAgeMs: 60_000n, candidates: [{ removal: Removal.BUSY }] });
});

test("down between the search and the sure read: what is known is taken, and the decision says so", async () => {
  await givenKnown();
  mesh.directory.down = true;
  passedMs = STALE_MS - 1;
  const { purchase } = await book("08:00");
  expect((await decisionOf(purchase?.decisionId))?.directoryAgeMs).toBe(BigInt(STALE_MS - 1));
});

test("what is older than the set age is not answered from", async () => {
  await givenKnown();
  mesh.directory.down = true;
  passedMs = MAX_AGE_MS;
  await book("08:00");
  passedMs += 1;
  expect(await refused("10:00")).toEqual({ reason: "TRAINER_DIRECTORY_UNAVAILABLE", decision: undefined });
  mesh.directory.down = false;
  await book("10:00");
});

test("without knowing all who teach the course, an outage refuses nobody for good", async () => {
  await book("08:00");
  mesh.directory.down = true;
  await book("10:00");
  expect(await refused("10:00")).toEqual({ reason: "TRAINER_DIRECTORY_UNAVAILABLE", decision: undefined });
});

test("trainers who weigh more together than a message may are read in several", async () => {
  const ended = { startTime: { seconds: 1_000_000_000n }, endTime: { seconds: 1_000_000_001n } };
  const timeOff = [{ ...ended, note: "x".repeat(3_500_000) }];
  mesh.directory.trainers = Array.from({ length: 5 }, () => aTrainer(given.courseId, { timeOff }));
  // Seventeen megabytes take a busy machine longer than a booking may.
  const inTime = (): ReturnType<typeof book> =>
    book("08:00").catch((error: unknown) => {
      if (ConnectError.from(error).code !== Code.DeadlineExceeded) throw error;
      return inTime();
    });
  const { purchase } = await inTime();
  expect(purchase?.trainerId).toBeTruthy();
  expect(mesh.directory.calls.filter((call) => call === "SearchTrainers").length).toBeGreaterThan(1);
  expect(mesh.directory.calls.filter((call) => call === "GetTrainers").length).toBeGreaterThan(1);
});
