import { DomainError } from "../runtime/errors.ts";
import { type Slot, slotOf, timesOf } from "./slot.ts";
import { localAt, localMsOf, wallClock } from "./wall-clock.ts";

/** The wished-for times, local to a zone. */
export type Schedule = WeeklyPattern | { kind: "explicit"; localStartTimes: Temporal.PlainDateTime[] };

export interface WeeklyPattern {
  kind: "weekly";
  startDate: Temporal.PlainDate;
  times: WeeklyTime[];
  skipPublicHolidays?: boolean;
  /** When no lesson is given. */
  closures?: readonly Closure[];
}

/** Local to the zone. The end is not part of it. */
export interface Closure {
  startTime: Temporal.PlainDateTime;
  endTime: Temporal.PlainDateTime;
}

export interface WeeklyTime {
  /** 1 is Monday. */
  dayOfWeek: number;
  startTime: Temporal.PlainTime;
}

export interface Terms {
  sessionCount: number;
  sessionMinutes: number;
}

const MAX_AHEAD = { years: 2 };
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * The sessions of a schedule, by start time. A weekly pattern keeps its local time across clock changes; a local time
 * that exists twice means the first.
 *
 * Refuses a schedule that does not fit the course, that overlaps itself, that leaves the time from `now` to two years
 * ahead, or that names a local time which a clock change skips.
 */
export function expand(schedule: Schedule, terms: Terms, timeZone: string, now: Temporal.Instant): Slot[] {
  const lastMs = horizon(now).epochMilliseconds;
  const clock = wallClock(timeZone, [now.epochMilliseconds - DAY_MS, lastMs + DAY_MS]);
  const local = schedule.kind === "weekly" ? repeat(schedule, terms, clock.localMs(lastMs)) : listed(schedule, terms);
  const slots = local.map((localMs, index) => {
    const startMs = clock.instantMs(localMs);
    if (startMs === null) throw doesNotExist(localAt(localMs), timeZone);
    return slotOf({ startMs, endMs: startMs + terms.sessionMinutes * MINUTE_MS, localMs }, index + 1);
  });
  slots.forEach((slot, index) => {
    const { startMs } = timesOf(slot);
    const previous = slots[index - 1];
    if (previous && startMs < timesOf(previous).endMs) throw overlap(previous, slot);
    if (startMs < now.epochMilliseconds) throw inPast(slot);
    if (startMs > lastMs) throw tooFarAhead(slot.localStartTime);
  });
  return slots;
}

/** In milliseconds, as `wall-clock.ts` counts: Temporal takes microseconds for each step. */
function repeat(
  { startDate, times, closures = [] }: WeeklyPattern,
  { sessionCount, sessionMinutes }: Terms,
  horizonMs: number,
): number[] {
  const ofWeek = timesOfWeek(startDate, times);
  const closed = closures.map(({ startTime, endTime }) => ({
    startMs: localMsOf(startTime),
    endMs: localMsOf(endTime),
  }));
  const isOpen = (localMs: number): boolean =>
    !closed.some(({ startMs, endMs }) => localMs < endMs && localMs + sessionMinutes * MINUTE_MS > startMs);
  const firstMs = localMsOf(startDate.toPlainDateTime());
  const starts: number[] = [];
  for (let week = 0; starts.length < sessionCount; week += 1) {
    for (const { day, startMs } of ofWeek) {
      const midnightMs = firstMs + (7 * week + day) * DAY_MS;
      if (midnightMs > horizonMs + DAY_MS) throw tooFarAhead(localAt(midnightMs));
      starts.push(...startMs.map((ms) => midnightMs + ms).filter(isOpen));
      if (starts.length >= sessionCount) break;
    }
  }
  return starts.slice(0, sessionCount);
}

/** By day from the start date on: how long after midnight its lessons begin. */
function timesOfWeek(startDate: Temporal.PlainDate, times: WeeklyTime[]): { day: number; startMs: number[] }[] {
  return [0, 1, 2, 3, 4, 5, 6].flatMap((day) => {
    const dayOfWeek = ((startDate.dayOfWeek - 1 + day) % 7) + 1;
    const startMs = times
      .filter((time) => time.dayOfWeek === dayOfWeek)
      .map(({ startTime }) => (startTime.hour * 60 + startTime.minute) * MINUTE_MS)
      .sort((a, b) => a - b);
    return startMs.length > 0 ? [{ day, startMs }] : [];
  });
}

function listed({ localStartTimes }: Extract<Schedule, { kind: "explicit" }>, { sessionCount }: Terms): number[] {
  if (localStartTimes.length !== sessionCount) throw countMismatch(localStartTimes.length, sessionCount);
  return localStartTimes.map(localMsOf).sort((a, b) => a - b);
}

/** Refuses a local time that the clocks skip; one that exists twice means the first. */
export function instantOf(local: Temporal.PlainDateTime, timeZone: string): Temporal.Instant {
  // "compatible" takes the first of two, and moves on a time that does not exist: then it reads differently.
  const zoned = local.toZonedDateTime(timeZone, { disambiguation: "compatible" });
  if (!zoned.toPlainDateTime().equals(local)) throw doesNotExist(local, timeZone);
  return zoned.toInstant();
}

/** Nothing is booked to start later than this. */
export function horizon(now: Temporal.Instant): Temporal.Instant {
  return now.toZonedDateTimeISO("UTC").add(MAX_AHEAD).toInstant();
}

function text(local: Temporal.PlainDateTime): string {
  return local.toString({ smallestUnit: "minute" });
}

function refusal(reason: string, message: string, local: Temporal.PlainDateTime): DomainError {
  return new DomainError("precondition", reason, message, { metadata: { local_start_time: text(local) } });
}

function overlap(previous: Slot, slot: Slot): DomainError {
  const message = `The sessions of ${text(previous.localStartTime)} and ${text(slot.localStartTime)} overlap.`;
  return refusal("SESSIONS_OVERLAP", message, slot.localStartTime);
}

function inPast({ localStartTime }: Slot): DomainError {
  return refusal("SCHEDULE_IN_PAST", `The session of ${text(localStartTime)} would start in the past.`, localStartTime);
}

function tooFarAhead(local: Temporal.PlainDateTime): DomainError {
  const message = `The sessions would reach to ${text(local)}; nothing is booked more than two years ahead.`;
  return refusal("SCHEDULE_TOO_FAR_AHEAD", message, local);
}

function doesNotExist(local: Temporal.PlainDateTime, timeZone: string): DomainError {
  const message = `The clocks of ${timeZone} skip ${text(local)}: no session can start then.`;
  return refusal("LOCAL_TIME_DOES_NOT_EXIST", message, local);
}

function countMismatch(given: number, needed: number): DomainError {
  const message = `The schedule lists ${given} times; the course has ${needed} sessions.`;
  const metadata = { given: String(given), needed: String(needed) };
  return new DomainError("precondition", "SESSION_COUNT_MISMATCH", message, { metadata });
}
