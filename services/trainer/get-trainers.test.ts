import { expect, test } from "@jest/globals";
import { inOrder } from "./get-trainers.ts";
import type { Trainer } from "./trainer.ts";

const [a, b, c] = ["a", "b", "c"].map((digit) => `${digit.repeat(8)}-0000-7000-8000-000000000000`) as [
  string,
  string,
  string,
];

const trainer = (trainerId: string): Trainer => ({
  trainerId,
  operatorId: c,
  franchiseId: c,
  name: "Ada",
  status: "active",
  timeZone: "UTC",
  base: { latitude: 0, longitude: 0 },
  travelRadiusMeters: 0,
  bufferMinutes: 0,
  dailySessionLimit: 1,
  workingHours: [],
  qualifications: [],
  timeOff: [],
  version: 1,
  createTime: Temporal.Instant.from("2026-01-01T00:00:00Z"),
});

test("trainers come in the order asked, once each, and the missing are named", () => {
  const found = inOrder([b, c, a, b, c], [trainer(a), trainer(b)]);
  expect(found.trainers.map(({ trainerId }) => trainerId)).toEqual([b, a]);
  expect(found.missingTrainerIds).toEqual([c]);
});

test("an id in capitals is the same id", () => {
  const found = inOrder([a.toUpperCase(), a, c.toUpperCase()], [trainer(a)]);
  expect(found.trainers).toHaveLength(1);
  expect(found.missingTrainerIds).toEqual([c]);
});
