import { expect, test } from "@jest/globals";
import { assignmentNotPossible } from "./booking-refusals.ts";
import type { Removed } from "./ranking.ts";

function removed(name: string): Removed {
  const candidate = {
    trainerId: name,
    version: 1,
    operatorId: "operator",
    name,
    active: true,
    timeZone: "Europe/Berlin",
    base: { latitude: 52.5, longitude: 13.4 },
    travelRadiusMeters: 10_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: [],
    qualifications: [],
    timeOff: [],
  };
  return { candidate, distanceMeters: 0, removal: { reason: "busy", clashingSessionCount: 1 } };
}

test.each([
  [["Ada"], "Ada cannot"],
  [["Ada", "Bob", "Cleo"], "Ada and Bob and Cleo cannot"],
  [["Ada", "Bob", "Cleo", "Dan"], "Ada and Bob and Cleo and one other cannot"],
  [Array.from({ length: 200 }, () => "A".repeat(200)), " and 197 others cannot"],
])("of those who cannot, three at most are named", (names, told) => {
  const { message } = assignmentNotPossible(names.map(removed));
  expect(message).toContain(told);
  expect(message.length).toBeLessThan(800);
});
