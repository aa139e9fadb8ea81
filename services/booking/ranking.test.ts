import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Candidate } from "./candidate.ts";
import type { Wish } from "./eligibility.ts";
import { rank, type Workload } from "./ranking.ts";

const startTime = Temporal.Instant.from("2030-01-07T10:00:00Z");
const wish: Wish = {
  courseId: "course",
  operatorId: "operator",
  location: { latitude: 0, longitude: 0 },
  slots: [
    {
      sequence: 1,
      startTime,
      endTime: startTime.add({ minutes: 60 }),
      localStartTime: Temporal.PlainDateTime.from("2030-01-07T10:00"),
    },
  ],
};

function trainer(trainerId: string, kilometersAway: number): Candidate {
  return {
    trainerId,
    version: 1,
    operatorId: "operator",
    name: trainerId,
    active: true,
    timeZone: "UTC",
    base: { latitude: kilometersAway / 111.195_08, longitude: 0 },
    travelRadiusMeters: 100_000,
    bufferMinutes: 0,
    dailySessionLimit: 8,
    workingHours: [{ dayOfWeek: 1, startMinute: 0, endMinute: 1440 }],
    qualifications: [{ courseId: "course", fromDate: "2000-01-01", untilDate: null }],
    timeOff: [],
  };
}

function workloads(...entries: (Partial<Workload> & { trainerId: string })[]): Map<string, Workload> {
  const free = { bookedSessionCount: 0, clashingSessionCount: 0, overDailyLimit: null, taughtBefore: false };
  return new Map(entries.map((entry) => [entry.trainerId, { ...free, ...entry }]));
}

const order = (candidates: Candidate[], loads: Map<string, Workload>): string[] =>
  rank(wish, candidates, loads).ranked.map(({ candidate }) => candidate.trainerId);

test("the nearer goes first, and of two as near the smaller id", () => {
  expect(order([trainer("c", 1), trainer("b", 2), trainer("a", 2)], new Map())).toEqual(["c", "a", "b"]);
});

test("five booked sessions weigh as much as a kilometre", () => {
  const loads = workloads({ trainerId: "near", bookedSessionCount: 6 });
  expect(order([trainer("near", 1), trainer("far", 2)], loads)).toEqual(["far", "near"]);
  expect(order([trainer("near", 1), trainer("far", 2.5)], loads)).toEqual(["near", "far"]);
});

test("who taught the student before may be ten kilometres farther away", () => {
  const loads = workloads({ trainerId: "before", taughtBefore: true });
  expect(order([trainer("new", 1), trainer("before", 10.9)], loads)).toEqual(["before", "new"]);
  expect(order([trainer("new", 1), trainer("before", 11.1)], loads)).toEqual(["new", "before"]);
});

test("who is booked or full is removed, whatever the score", () => {
  const loads = workloads({ trainerId: "booked", clashingSessionCount: 3 }, { trainerId: "full", overDailyLimit: 2 });
  const { ranked, removed } = rank(wish, [trainer("full", 0), trainer("booked", 0), trainer("free", 9)], loads);
  expect(ranked.map(({ candidate }) => candidate.trainerId)).toEqual(["free"]);
  expect(removed).toMatchObject([
    { candidate: { trainerId: "booked" }, removal: { reason: "busy", clashingSessionCount: 3 } },
    { candidate: { trainerId: "full" }, removal: { reason: "daily_limit", clashingSessionCount: 2 } },
  ]);
});

test("the same candidates in another order are ranked the same", () => {
  const candidates = fc
    .array(fc.record({ id: fc.integer({ min: 0, max: 50 }), kilometers: fc.integer({ min: 0, max: 5 }) }), {
      maxLength: 12,
    })
    .map((list) => [...new Map(list.map(({ id, kilometers }) => [id, trainer(String(id), kilometers)])).values()]);
  fc.assert(
    fc.property(candidates, fc.infiniteStream(fc.nat()), (list, stream) => {
      const shuffled = list.map((entry) => ({ entry, key: stream.next().value })).sort((a, b) => a.key - b.key);
      expect(
        order(
          shuffled.map(({ entry }) => entry),
          new Map(),
        ),
      ).toEqual(order(list, new Map()));
    }),
    { verbose: true }, // a failure prints its seed
  );
});
