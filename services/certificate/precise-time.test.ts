import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { timestampOf } from "../runtime/timestamps.ts";
import { isEarlier, preciseTime } from "./precise-time.ts";

test.each([
  ["2030-01-15T10:00:00.123456Z", "2030-01-15T10:00:00.123456Z"],
  ["2030-01-15T23:59:59Z", "2030-01-15T23:59:59.000000Z"],
  ["2030-01-15T10:00:00.000000999Z", "2030-01-15T10:00:00.000000Z"],
  ["1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"],
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
  ["9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.900000Z"],
])("%s is written as %s", (time, written) => {
  expect(preciseTime(timestampOf(Temporal.Instant.from(time)))).toBe(written);
});

test("what is written is what Temporal writes, and comes in the same order", () => {
  const instant = fc.bigInt(-62_135_596_800_000_000n, 253_402_300_799_999_999n).map((micros) => {
    return Temporal.Instant.fromEpochNanoseconds(micros * 1000n);
  });
  fc.assert(
    fc.property(instant, instant, (one, other) => {
      expect(preciseTime(timestampOf(one))).toBe(one.toString({ fractionalSecondDigits: 6 }));
      expect(isEarlier(timestampOf(one), timestampOf(other))).toBe(Temporal.Instant.compare(one, other) < 0);
    }),
  );
});
