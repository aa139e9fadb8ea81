import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Candidate } from "./candidate.ts";
import { needOf } from "./need.ts";
import { localAt } from "./wall-clock.ts";
import { bitsOf, HOURS_OF_WEEK } from "./week-hours.ts";

/** Where the clocks change around midnight, or by more or less than an hour, and where they do not change. */
const ZONES = [
  "Atlantic/Azores",
  "America/Havana",
  "Africa/Cairo",
  "Antarctica/Troll",
  "Australia/Lord_Howe",
  "America/New_York",
  "Asia/Kathmandu",
];

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(2030, 0, 1);

const candidates = (timeZones: string[]): Candidate[] =>
  timeZones.map((timeZone) => ({ timeZone, bufferMinutes: 15 }) as Candidate);

const slotsAt = (startsMs: number[]) =>
  startsMs.map((ms, index) => ({
    sequence: index + 1,
    startTime: Temporal.Instant.fromEpochMilliseconds(ms),
    endTime: Temporal.Instant.fromEpochMilliseconds(ms + HOUR_MS),
    localStartTime: localAt(ms),
  }));

const hourOf = (ms: number) => Math.floor(ms / HOUR_MS) % HOURS_OF_WEEK;

/** The local day of an instant, from its beginning to its end. */
function dayOf(ms: number, timeZone: string) {
  const from = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).startOfDay();
  const until = from.toPlainDate().add({ days: 1 }).toZonedDateTime(timeZone);
  return { fromMs: from.epochMilliseconds, untilMs: until.epochMilliseconds };
}

/** When clocks change within the two years. */
const CHANGES_MS = ZONES.flatMap((timeZone) => {
  const changes: number[] = [];
  let zoned = Temporal.Instant.fromEpochMilliseconds(FIRST_MS).toZonedDateTimeISO(timeZone);
  for (let next = zoned.getTimeZoneTransition("next"); next; next = zoned.getTimeZoneTransition("next")) {
    zoned = next;
    if (zoned.year >= 2032) break;
    changes.push(zoned.epochMilliseconds);
  }
  return changes;
});

/** On half hours around a change of some clock. */
const startsMs = fc
  .record({
    changeMs: fc.constantFrom(...CHANGES_MS),
    halfHours: fc.uniqueArray(fc.integer({ min: -60, max: 60 }), { minLength: 1, maxLength: 20 }),
  })
  .map(({ changeMs, halfHours }) => halfHours.toSorted((a, b) => a - b).map((half) => changeMs + (half * HOUR_MS) / 2));

test("the days' hours hold all of every local day, and the peak is at least what any of them holds", () => {
  fc.assert(
    fc.property(startsMs, fc.subarray(ZONES, { minLength: 1 }), (starts, timeZones) => {
      const { dayHours, peak, sinceMs } = needOf(slotsAt(starts), candidates(timeZones), Number.POSITIVE_INFINITY);
      const bits = bitsOf(dayHours);
      for (const timeZone of timeZones) {
        const onDay = new Map<number, number>();
        let held = true;
        for (const start of starts) {
          const { fromMs, untilMs } = dayOf(start, timeZone);
          onDay.set(fromMs, (onDay.get(fromMs) ?? 0) + 1);
          expect(sinceMs).toBeLessThanOrEqual(fromMs);
          for (let ms = fromMs; ms < untilMs; ms += HOUR_MS / 2) held &&= bits[hourOf(ms)] === "1";
        }
        expect(held).toBe(true);
        expect(peak).toBeGreaterThanOrEqual(Math.max(...onDay.values()));
      }
    }),
    { numRuns: 300 }, // a failure prints its seed
  );
});

test("on a day of more than 25 hours nothing is ruled out, on others what is not near it is", () => {
  // Troll puts its clocks back by two hours on 27 October 2030.
  const noon = Date.UTC(2030, 9, 27, 12);
  const need = (ms: number, timeZone: string) => needOf(slotsAt([ms]), candidates([timeZone]), ms);
  expect(need(noon, "Antarctica/Troll").peak).toBeGreaterThan(1000);
  expect(need(noon, "Europe/Berlin").peak).toBe(1);
  expect(need(noon + 10 * 24 * HOUR_MS, "Antarctica/Troll").peak).toBe(1);
  const hours = [...bitsOf(need(noon, "Europe/Berlin").dayHours)].filter((bit) => bit === "1");
  expect(hours.length).toBeLessThan(30);
});

test("the slots' hours are those that the lessons touch with the widest buffer", () => {
  const ms = Date.UTC(1970, 0, 1, 5, 30);
  const { slotHours } = needOf(slotsAt([ms]), candidates(["UTC"]), ms);
  expect(bitsOf(slotHours)).toBe(`${"0".repeat(5)}11${"0".repeat(HOURS_OF_WEEK - 7)}`);
});
