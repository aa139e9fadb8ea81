import { LRUCache } from "lru-cache";

/** What the clocks of a time zone show. A local time is in milliseconds since 1970-01-01T00:00 on that clock. */
export interface WallClock {
  localMs(ms: number): number;
  /** The first of two; null for a local time that the clocks skip. */
  instantMs(localMs: number): number | null;
}

/** How far a zone's clock is ahead of UTC from an instant on. */
interface Offset {
  fromMs: number;
  untilMs: number;
  aheadMs: number;
}

const NANOSECONDS_PER_MS = 1e6;
/** Bookings ask for a little more each time. */
const SPARE_MS = 365 * 24 * 60 * 60 * 1000;

/** For the time that was asked for so far: there are some six hundred zones. */
const clocks = new LRUCache<string, { fromMs: number; untilMs: number; clock: WallClock }>({ max: 1000 });

/**
 * A time zone's clock from one instant to another, both included, as plain arithmetic: Temporal takes microseconds for
 * each conversion, and a search makes ten thousands. Beyond its ends the clock may not be changed any more.
 */
export function wallClock(timeZone: string, [fromMs, untilMs]: [fromMs: number, untilMs: number]): WallClock {
  const known = clocks.get(timeZone);
  if (known && known.fromMs <= fromMs && untilMs <= known.untilMs) return known.clock;
  const span = {
    fromMs: Math.min(fromMs, known?.fromMs ?? fromMs),
    untilMs: Math.max(untilMs + SPARE_MS, known?.untilMs ?? untilMs),
  };
  const clock = newClock(offsetsOf(timeZone, span.fromMs, span.untilMs));
  clocks.set(timeZone, { ...span, clock });
  return clock;
}

function newClock(offsets: Offset[]): WallClock {
  return {
    localMs(ms) {
      const offset = offsets.find(({ untilMs }) => ms < untilMs);
      return ms + (offset?.aheadMs ?? 0);
    },
    instantMs(localMs) {
      for (const { fromMs, untilMs, aheadMs } of offsets) {
        const ms = localMs - aheadMs;
        if (ms >= fromMs && ms < untilMs) return ms;
      }
      return null;
    },
  };
}

/** What a clock shows. */
export function localMsOf(local: Temporal.PlainDateTime): number {
  return local.toZonedDateTime("UTC").epochMilliseconds;
}

/** The same, read. */
export function localAt(localMs: number): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(localMs).toZonedDateTimeISO("UTC").toPlainDateTime();
}

function offsetsOf(timeZone: string, fromMs: number, untilMs: number): Offset[] {
  const offsets: Offset[] = [];
  let start = Number.NEGATIVE_INFINITY;
  let zoned = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(timeZone);
  for (;;) {
    const aheadMs = zoned.offsetNanoseconds / NANOSECONDS_PER_MS;
    const next = zoned.getTimeZoneTransition("next");
    if (!next || next.epochMilliseconds > untilMs) {
      return [...offsets, { fromMs: start, untilMs: Number.POSITIVE_INFINITY, aheadMs }];
    }
    offsets.push({ fromMs: start, untilMs: next.epochMilliseconds, aheadMs });
    start = next.epochMilliseconds;
    zoned = next;
  }
}
