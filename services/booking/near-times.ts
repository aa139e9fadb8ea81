import { type Interval, isTaken } from "./diary.ts";
import type { Moment } from "./eligibility.ts";
import type { Slot } from "./slot.ts";
import { localMsOf, type WallClock } from "./wall-clock.ts";

const MINUTE_MS = 60_000;
const STEP_MS = 15 * MINUTE_MS;
/** A week either way. */
export const REACH_MS = 7 * 24 * 60 * MINUTE_MS;

/** A time for a session instead of the one wished for. */
export interface NearTime extends Moment {
  localMs: number;
}

/** Where other times may lie. */
export interface Bounds {
  /** The zone's. */
  clock: WallClock;
  fromMs: number;
  untilMs: number;
  /** When no lesson is given, local to the zone. */
  closed: readonly Interval[];
  /** When the student has other lessons. */
  taken: readonly Interval[];
}

/**
 * Other times for a session, the nearest first and the later one of two as near, in steps of a quarter of an hour by the
 * zone's clocks; without those that the clocks skip, that leave the bounds or at which the student is taken. Each is computed once, however often it is
 * looked at.
 */
export function nearTimes(slot: Slot, bounds: Bounds): Iterable<NearTime> {
  const localMs = localMsOf(slot.localStartTime);
  const lengthMs = slot.endTime.epochMilliseconds - slot.startTime.epochMilliseconds;
  const known: (NearTime | null)[] = [];
  return {
    *[Symbol.iterator]() {
      for (let step = 0; step < (2 * REACH_MS) / STEP_MS; step += 1) {
        const away = (Math.floor(step / 2) + 1) * STEP_MS * (step % 2 === 0 ? 1 : -1);
        const before = known[step];
        const time = before === undefined ? timeAt(localMs + away, lengthMs, bounds) : before;
        known[step] = time;
        if (time) yield time;
      }
    },
  };
}

function timeAt(localMs: number, lengthMs: number, { clock, fromMs, untilMs, closed, taken }: Bounds): NearTime | null {
  const startMs = clock.instantMs(localMs);
  if (startMs === null || startMs < fromMs || startMs > untilMs) return null;
  if (isTaken(closed, { startMs: localMs, endMs: localMs + lengthMs })) return null;
  if (isTaken(taken, { startMs, endMs: startMs + lengthMs })) return null;
  const date = new Date(localMs).toISOString().slice(0, 10);
  return { startMs, endMs: startMs + lengthMs, date, localMs };
}
