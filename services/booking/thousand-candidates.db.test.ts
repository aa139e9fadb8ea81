import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { FunnelSchema, Removal } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import { testServerUrl } from "../runtime/testing/database.ts";
import { type CountedServer, countRoundTrips } from "../runtime/testing/round-trips.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  givenCatalogue,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";
import { travel } from "./testing/sphere.ts";

const CANDIDATES = 1000;
const MAX_BYTES = 20_000;

let counter: CountedServer;
let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;

beforeAll(async () => {
  counter = await countRoundTrips(await testServerUrl());
  mesh = await startBookingServer({ counter });
  // Connected from here on.
  await mesh.bookings.listPurchases({});
});
afterAll(async () => {
  await mesh?.close();
  counter?.close();
});
beforeEach(async () => {
  given = await givenCatalogue(mesh);
  mesh.directory.trainers = Array.from({ length: CANDIDATES }, (_, index) =>
    aTrainer(given.courseId, {
      version: BigInt(1 + (index % 200)),
      base: travel(given.location, index, index * 9),
    }),
  );
  mesh.directory.calls = [];
});

const wish = () => ({ ...given, requestId: randomUUID(), schedule: weekly("17:00") });

const company = () => mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });

/** Trainers who are on leave from the second lesson on, each farther away than the one before. */
function absentTrainers(count: number) {
  return Array.from({ length: count }, (_, index) =>
    aTrainer(given.courseId, {
      base: travel(given.location, index, index),
      timeOff: [{ startTime: { seconds: 1_894_000_000n }, endTime: { seconds: 1_930_000_000n } }],
    }),
  );
}

async function bytesOf(decisionId: string): Promise<number> {
  return mesh.database.all.oneFirst(sql.type(z.object({ bytes: z.number() }))`
    select octet_length(record) as bytes from decision where decision_id = ${decisionId}
  `);
}

/** What is asked of the neighbour and of the database meanwhile. */
async function asked(work: () => Promise<unknown>) {
  mesh.directory.calls = [];
  counter.roundTrips();
  await work();
  return { calls: mesh.directory.calls, roundTrips: counter.roundTrips() };
}

test("booking among a thousand candidates takes two calls and three round trips, a preview two and two", async () => {
  expect(await asked(() => company().previewPurchase(wish()))).toEqual({
    calls: ["SearchTrainers", "GetTrainers"],
    roundTrips: 2,
  });
  expect(await asked(() => company().bookPurchase(wish()))).toEqual({
    calls: ["SearchTrainers", "GetTrainers"],
    roundTrips: 3,
  });
});

test("a refusal with its offers takes one round trip more, and no call to be sure of anybody", async () => {
  for (const trainer of mesh.directory.trainers) trainer.workingHours = aTrainer("").workingHours.slice(1);
  expect(
    await asked(() =>
      company()
        .bookPurchase(wish())
        .catch(() => undefined),
    ),
  ).toEqual({
    calls: ["SearchTrainers"],
    roundTrips: 4,
  });
});

test("a decision among a thousand who are ranked takes less than 20 kB, tells all of them and replays in two calls", async () => {
  const { purchase } = await mesh.bookings.bookPurchase(wish());
  const decisionId = purchase?.decisionId ?? "";
  expect(await bytesOf(decisionId)).toBeLessThan(MAX_BYTES);
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  expect(decision?.candidates.map(({ rank }) => rank)).toEqual(
    Array.from({ length: CANDIDATES }, (_, rank) => rank + 1),
  );
  expect(decision?.candidates[99]).toMatchObject({
    score: expect.closeTo(0.891, 3),
    distanceMeters: expect.closeTo(891, 0),
  });
  expect(decision?.candidates[100]?.score).toBeUndefined();
  const replay = await asked(async () => {
    expect(await company().replayDecision({ decisionId })).toEqual(expect.objectContaining({ same: true, decision }));
  });
  expect(replay).toEqual({ calls: ["GetTrainerVersions", "GetTrainerVersions"], roundTrips: 1 });
});

test("a decision that removes a thousand takes less than 20 kB", async () => {
  const { workingHours } = aTrainer("");
  mesh.directory.trainers.forEach((trainer, index) => {
    trainer.workingHours = workingHours.toSpliced(index % 2 === 0 ? 0 : 3, 1);
  });
  const error = await mesh.bookings.bookPurchase(wish()).then(() => undefined, ConnectError.from);
  const decisionId = error?.findDetails(ErrorInfoSchema)[0]?.metadata.decision_id ?? "";
  expect(await bytesOf(decisionId)).toBeLessThan(MAX_BYTES);
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  expect(new Set(decision?.candidates.map(({ removal }) => removal))).toEqual(new Set([Removal.OUTSIDE_WORKING_HOURS]));
  expect(decision?.candidates).toHaveLength(CANDIDATES);
});

test("when none of the nearest thousand can, the next ones are looked at, and one of them is booked", async () => {
  const farther = aTrainer(given.courseId, { base: travel(given.location, 0, 5000) });
  mesh.directory.trainers = [...absentTrainers(2100), farther];
  let answer: Awaited<ReturnType<typeof mesh.bookings.bookPurchase>> | undefined;
  const counted = await asked(async () => {
    answer = await company().bookPurchase(wish());
  });
  expect(counted).toEqual({
    calls: ["SearchTrainers", "SearchTrainers", "SearchTrainers", "GetTrainers"],
    roundTrips: 5,
  });
  expect(answer?.purchase?.trainerId).toBe(farther.trainerId);
  const { decision } = await mesh.bookings.getDecision({ decisionId: answer?.purchase?.decisionId ?? "" });
  expect(decision?.candidates).toHaveLength(2101);
  expect(decision?.funnel).toMatchObject({ reachLocation: 2101, lookedAt: 2101, workAtEveryTime: 1 });
  const replayed = await company().replayDecision({ decisionId: decision?.decisionId ?? "" });
  expect(replayed).toMatchObject({ same: true });
});

test("a refused purchase is assigned to somebody beyond the nearest thousand too", async () => {
  mesh.directory.trainers = absentTrainers(1001);
  const error = await mesh.bookings.bookPurchase(wish()).then(() => undefined, ConnectError.from);
  const decisionId = error?.findDetails(ErrorInfoSchema)[0]?.metadata.decision_id ?? "";
  expect(error?.rawMessage).toContain("1001 reach the place, 0 work at these times");
  const { decision } = await mesh.bookings.getDecision({ decisionId });

  const farther = aTrainer(given.courseId, { base: travel(given.location, 0, 5000) });
  mesh.directory.trainers.push(farther);
  const { purchase } = await mesh.bookings.assignTrainer({
    requestId: randomUUID(),
    purchaseId: decision?.purchaseId ?? "",
    etag: "1",
  });
  expect(purchase?.trainerId).toBe(farther.trainerId);
});

test("who reaches the place beyond the nearest five thousand is not looked at, and the refusal says so", async () => {
  mesh.directory.trainers = [...absentTrainers(5000), ...absentTrainers(1)];
  const error = await mesh.bookings.bookPurchase(wish()).then(() => undefined, ConnectError.from);
  expect(error?.rawMessage).toContain("more than 5000 reach the place, of whose nearest 5000 0 work at these times");
  expect(error?.findDetails(FunnelSchema)[0]).toMatchObject({
    reachLocation: 5001,
    lookedAt: 5000,
    workAtEveryTime: 0,
  });
});
