import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { wallClock } from "./wall-clock.ts";

const FROM = Date.UTC(2030, 0, 1);
const UNTIL = Date.UTC(2032, 0, 1);
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Africa/Casablanca",
  "UTC",
];

test("over two years the clock shows what Temporal shows, to the minute, and back", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      fc.integer({ min: FROM / 60_000, max: UNTIL / 60_000 }).map((minute) => minute * 60_000),
      (timeZone, ms) => {
        const clock = wallClock(timeZone, [FROM, UNTIL]);
        const local = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDateTime();
        const localMs = local.toZonedDateTime("UTC").epochMilliseconds;
        expect(clock.localMs(ms)).toBe(localMs);
        const back = local.toZonedDateTime(timeZone, { disambiguation: "earlier" }).epochMilliseconds;
        expect(clock.instantMs(localMs)).toBe(back);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a skipped hour is no instant, an hour that comes twice is its first", () => {
  const berlin = wallClock("Europe/Berlin", [FROM, UNTIL]);
  expect(berlin.instantMs(Date.UTC(2030, 2, 31, 2, 30))).toBeNull();
  expect(berlin.instantMs(Date.UTC(2030, 2, 31, 3, 0))).toBe(Date.UTC(2030, 2, 31, 1, 0));
  expect(berlin.instantMs(Date.UTC(2030, 9, 27, 2, 30))).toBe(Date.UTC(2030, 9, 27, 0, 30));
});
