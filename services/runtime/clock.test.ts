import { expect, test } from "@jest/globals";
import { runInCall } from "./call-context.ts";
import { developmentClock, systemClock } from "./clock.ts";

function at(pretendedTime: string): Temporal.Instant {
  return runInCall({ signal: new AbortController().signal, pretendedTime }, developmentClock);
}

test("clocks tell whole microseconds", () => {
  expect(systemClock().epochNanoseconds % 1000n).toBe(0n);
  expect(at("2030-05-01T09:00:00.123456789Z").toString()).toBe("2030-05-01T09:00:00.123456Z");
});

test("without a call, or with one that pretends nothing, it is now", () => {
  const before = systemClock();
  expect(Temporal.Instant.compare(developmentClock(), before)).toBeGreaterThanOrEqual(0);
});

test.each(["yesterday", "", "2030-05-01", "+275760-09-13T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])(
  "%j is no time to pretend",
  (text) => {
    expect(() => at(text)).toThrow(expect.objectContaining({ reason: "INVALID_FIELD" }));
  },
);
