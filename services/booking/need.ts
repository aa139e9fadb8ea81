import type { Candidate } from "./candidate.ts";
import { type Moment, momentOf } from "./eligibility.ts";
import type { Slot } from "./slot.ts";
import { wallClock } from "./wall-clock.ts";
import { type Hours, hoursOf } from "./week-hours.ts";

/** What lessons need of trainers' time. */
export interface Need {
  nowMs: number;
  /** In their order, in milliseconds. */
  startMs: Float64Array;
  endMs: Float64Array;
  /** The hours of the week that they touch with the widest buffer. */
  slotHours: Hours;
  /** Those of the local days on which they begin, and some hours around them, in all of the time zones. */
  dayHours: Hours;
  /** At least the most of them that begin on one local day. */
  peak: number;
  /** Claims that were over by then stand in nobody's way. */
  sinceMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A day on which the clock is set back by an hour. */
const LONG_DAY_MS = 25 * HOUR_MS;
/** By how much more than it shows a clock may have been moved since midnight, or be until the next. */
const MARGIN_MS = 2 * HOUR_MS;
/** More than any daily limit: claims do not rule it out on a day longer than those by which they count sessions. */
const UNLIMITED = 1_000_000;

/** The slots are in their order. */
export function needOf(slots: Slot[], candidates: Candidate[], nowMs: number): Need {
  const moments = slots.map(momentOf);
  const widestMs = MINUTE_MS * candidates.reduce((widest, { bufferMinutes }) => Math.max(widest, bufferMinutes), 0);
  const days = [...new Set(candidates.map(({ timeZone }) => timeZone))].flatMap((zone) => daysAround(moments, zone));
  const irregular = days.some(({ longer }) => longer);
  return {
    nowMs,
    startMs: Float64Array.from(moments, ({ startMs }) => startMs),
    endMs: Float64Array.from(moments, ({ endMs }) => endMs),
    slotHours: hoursOf(moments.map(({ startMs, endMs }) => [startMs, endMs + widestMs] as const)),
    dayHours: hoursOf(days.map(({ fromMs, untilMs }) => [fromMs, untilMs] as const)),
    peak: irregular ? UNLIMITED : mostWithin(moments, LONG_DAY_MS),
    sinceMs: days.reduce((first, { fromMs }) => Math.min(first, fromMs), nowMs),
  };
}

/** The local days on which lessons begin, a margin wider, and whether clocks change by more than an hour on them. */
function daysAround(moments: readonly Moment[], timeZone: string) {
  const [first, last] = [moments[0]?.startMs ?? 0, moments.at(-1)?.startMs ?? 0];
  const clock = wallClock(timeZone, [first - 2 * DAY_MS, last + 2 * DAY_MS]);
  return moments.map(({ startMs }) => {
    const localMs = clock.localMs(startMs);
    const midnightMs = startMs - (((localMs % DAY_MS) + DAY_MS) % DAY_MS);
    const fromMs = midnightMs - MARGIN_MS;
    const untilMs = midnightMs + DAY_MS + MARGIN_MS;
    const lengthened = untilMs - fromMs - (clock.localMs(untilMs) - clock.localMs(fromMs));
    return { fromMs, untilMs, longer: Math.abs(lengthened) > HOUR_MS };
  });
}

function mostWithin(moments: readonly Moment[], spanMs: number): number {
  let most = 0;
  let first = 0;
  for (const [index, { startMs }] of moments.entries()) {
    while (startMs - (moments[first]?.startMs ?? startMs) > spanMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
