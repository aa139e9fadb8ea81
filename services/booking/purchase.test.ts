import { expect, test } from "@jest/globals";
import { countCompletion, endPurchase, mayBe, type Purchase, uncountCompletion } from "./purchase.ts";

const NOW = Temporal.Instant.from("2030-01-07T16:00:00Z");

const assigned: Purchase = {
  purchaseId: "p1",
  studentId: "u1",
  courseId: "c1",
  courseName: "Swimming",
  sessionCount: 2,
  sessionMinutes: 60,
  state: "assigned",
  location: { latitude: 52.5, longitude: 13.4 },
  zoneId: "z1",
  operatorId: "o1",
  franchiseId: null,
  timeZone: "Europe/Berlin",
  trainerId: "t1",
  decisionId: "d1",
  completedSessionCount: 0,
  version: 1,
  createTime: NOW,
  completeTime: null,
  cancelTime: null,
};

test("the first completion makes a purchase active, the last completes it", () => {
  const active = countCompletion(assigned, NOW);
  expect(active).toMatchObject({ state: "active", completedSessionCount: 1, completeTime: null, version: 2 });
  expect(countCompletion(active, NOW)).toMatchObject({ state: "completed", completeTime: NOW, version: 3 });
});

test("a completion of a cancelled purchase leaves it cancelled, unless it was the last of all", () => {
  const cancelled: Purchase = { ...assigned, state: "cancelled", cancelTime: NOW };
  const counted = countCompletion(cancelled, NOW);
  expect(counted).toMatchObject({ state: "cancelled", completedSessionCount: 1, completeTime: null });
  expect(countCompletion(counted, NOW)).toMatchObject({ state: "completed", completeTime: NOW });
});

test("a completion that is taken back leaves the purchase as it was before", () => {
  const active = countCompletion(assigned, NOW);
  const completed = countCompletion(active, NOW);
  expect(uncountCompletion(completed)).toEqual({ ...active, version: 4 });
  expect(uncountCompletion(active)).toEqual({ ...assigned, version: 3 });
  const cancelled = countCompletion(countCompletion(endPurchase(assigned, NOW), NOW), NOW);
  expect(cancelled.state).toBe("completed");
  expect(uncountCompletion(cancelled)).toMatchObject({ state: "cancelled", completedSessionCount: 1 });
  expect(uncountCompletion(uncountCompletion(cancelled))).toMatchObject({ state: "cancelled" });
});

test.each([
  ["assign", ["refused"]],
  ["reschedule", ["assigned", "active"]],
  ["reassign", ["assigned", "active"]],
  ["cancel", ["refused", "assigned", "active", "cancelled"]],
] as const)("%s is for purchases that are %s, and for no others", (action, states) => {
  const can = (["refused", "assigned", "active", "completed", "cancelled"] as const).filter((state) => {
    try {
      mayBe(action, { ...assigned, state });
      return true;
    } catch (error) {
      expect(error).toMatchObject({ reason: "PURCHASE_STATE_CONFLICT" });
      return false;
    }
  });
  expect(can).toEqual(states);
});

test.each(["refused", "assigned", "active"] as const)("a purchase that is %s can be cancelled", (state) => {
  expect(endPurchase({ ...assigned, state }, NOW)).toMatchObject({ state: "cancelled", cancelTime: NOW, version: 2 });
});

test("a cancelled purchase stays as it is, a completed one is not cancelled", () => {
  const cancelled: Purchase = { ...assigned, state: "cancelled", cancelTime: NOW };
  expect(endPurchase(cancelled, NOW)).toBe(cancelled);
  const refused = expect.objectContaining({ reason: "PURCHASE_STATE_CONFLICT" });
  expect(() => endPurchase({ ...assigned, state: "completed" }, NOW)).toThrow(refused);
});
