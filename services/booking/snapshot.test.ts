import { expect, test } from "@jest/globals";
import { isEarlier } from "./snapshot.ts";

// In the order in which one server takes them: 12 begins, 10 ends, 13 begins and ends, 11 ends.
const TAKEN = [
  "10:12:10,11",
  "11:12:11",
  "11:14:11,12",
  "12:14:12",
  "12:9007199254740993:12",
  "12:9007199254740994:12",
];

test("a snapshot is earlier than those that were taken later, and than no other", () => {
  for (const [index, one] of TAKEN.entries()) {
    for (const [at, other] of TAKEN.entries())
      expect([one, other, isEarlier(one, other)]).toEqual([one, other, index < at]);
  }
  expect(isEarlier("10:10:", "10:10:")).toBe(false);
});
