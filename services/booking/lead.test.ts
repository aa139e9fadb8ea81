import { expect, test } from "@jest/globals";
import { leadOf } from "./lead.ts";
import type { Session } from "./session.ts";

const NOW = Temporal.Instant.from("2030-01-01T00:00:00Z");

/** One session a day from now on, or before, and who gives each. */
function sessions(...given: [trainerId: string, state?: Session["state"], days?: number][]): Session[] {
  return given.map(([trainerId, state = "scheduled", days], index) => {
    const startTime = NOW.add({ hours: 24 * (days ?? index + 1) });
    return {
      sessionId: String(index),
      purchaseId: "purchase",
      operatorId: "operator",
      sequence: index + 1,
      studentId: "student",
      trainerId,
      startTime,
      endTime: startTime.add({ hours: 1 }),
      timeZone: "UTC",
      localStartTime: startTime.toZonedDateTimeISO("UTC").toPlainDateTime(),
      state,
      completeTime: null,
      completedBy: null,
      version: 1,
    };
  });
}

test("whose a purchase is, is who gives the most of what lies ahead", () => {
  expect(leadOf(sessions(["ann"], ["bob"], ["bob"]), NOW)).toBe("bob");
});

test("of two who give as many, it is who gives the earlier ones", () => {
  expect(leadOf(sessions(["bob"], ["ann"], ["ann"], ["bob"]), NOW)).toBe("bob");
  expect(leadOf(sessions(["bob", "scheduled", 9], ["ann"]), NOW)).toBe("ann");
});

test("what was held, what is owed and what has begun counts for nobody", () => {
  const given = sessions(["ann", "completed", -3], ["ann", "scheduled", -2], ["ann", "cancelled"], ["bob"]);
  expect(leadOf(given, NOW)).toBe("bob");
  expect(leadOf(given.slice(0, 3), NOW)).toBeNull();
});
