import { DomainError } from "../runtime/errors.ts";

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

/** When one session takes place. */
export interface Slot {
  /** From 1, by start time. */
  sequence: number;
  startTime: Temporal.Instant;
  endTime: Temporal.Instant;
  localStartTime: Temporal.PlainDateTime;
}

export interface Terms {
  sessionCount: number;
  sessionMinutes: number;
}

/** A slot's times as ISO 8601 has them. */
export interface SlotTexts {
  startTime: string;
  endTime: string;
  localStartTime: string;
}

const knownTexts = new WeakMap<Slot, SlotTexts>();

const MAX_AHEAD = { years: 2 };

/**
 * The sessions of a schedule, by start time. A weekly pattern keeps its local time across clock changes; a local time
 * that exists twice means the first.
 *
 * Refuses a schedule that does not fit the course, that overlaps itself, that leaves the time from `now` to two years
 * ahead, or that names a local time which a clock change skips.
 */
export function expand(schedule: Schedule, terms: Terms, timeZone: string, now: Temporal.Instant): Slot[] {
  const local = schedule.kind === "weekly" ? repeat(schedule, terms, timeZone, now) : listed(schedule, terms);
  const slots = local.map((localStartTime, index) => {
    const startTime = instantOf(localStartTime, timeZone);
    const endTime = startTime.add({ minutes: terms.sessionMinutes });
    return { sequence: index + 1, startTime, endTime, localStartTime };
  });
  const last = horizon(now);
  slots.forEach((slot, index) => {
    const previous = slots[index - 1];
    if (previous && Temporal.Instant.compare(slot.startTime, previous.endTime) < 0) throw overlap(previous, slot);
    if (Temporal.Instant.compare(slot.startTime, now) < 0) throw inPast(slot);
    if (Temporal.Instant.compare(slot.startTime, last) > 0) throw tooFarAhead(slot.localStartTime);
  });
  return slots;
}

function repeat(
  { startDate, times, closures = [] }: WeeklyPattern,
  { sessionCount, sessionMinutes }: Terms,
  timeZone: string,
  now: Temporal.Instant,
): Temporal.PlainDateTime[] {
  const sorted = times.toSorted((a, b) => Temporal.PlainTime.compare(a.startTime, b.startTime));
  const ofWeek = [0, 1, 2, 3, 4, 5, 6].flatMap((day) => {
    const dayOfWeek = ((startDate.dayOfWeek - 1 + day) % 7) + 1;
    const startTimes = sorted.filter((time) => time.dayOfWeek === dayOfWeek).map(({ startTime }) => startTime);
    return startTimes.length > 0 ? [{ day, startTimes }] : [];
  });
  const lastDate = horizon(now).toZonedDateTimeISO(timeZone).toPlainDate().add({ days: 1 });
  const starts: Temporal.PlainDateTime[] = [];
  for (let week = 0; starts.length < sessionCount; week += 1) {
    for (const { day, startTimes } of ofWeek) {
      const date = startDate.add({ days: 7 * week + day });
      if (Temporal.PlainDate.compare(date, lastDate) > 0) throw tooFarAhead(date.toPlainDateTime());
      const ofDate = startTimes.map((startTime) => date.toPlainDateTime(startTime));
      starts.push(...ofDate.filter((start) => !closures.some((closure) => overlaps(closure, start, sessionMinutes))));
      if (starts.length >= sessionCount) break;
    }
  }
  return starts.slice(0, sessionCount);
}

function overlaps({ startTime, endTime }: Closure, start: Temporal.PlainDateTime, sessionMinutes: number): boolean {
  const { compare } = Temporal.PlainDateTime;
  return compare(start, endTime) < 0 && compare(start.add({ minutes: sessionMinutes }), startTime) > 0;
}

function listed(
  { localStartTimes }: Extract<Schedule, { kind: "explicit" }>,
  { sessionCount }: Terms,
): Temporal.PlainDateTime[] {
  if (localStartTimes.length !== sessionCount) throw countMismatch(localStartTimes.length, sessionCount);
  return localStartTimes.toSorted(Temporal.PlainDateTime.compare);
}

/** Refuses a local time that the clocks skip; one that exists twice means the first. */
export function instantOf(local: Temporal.PlainDateTime, timeZone: string): Temporal.Instant {
  // "compatible" takes the first of two, and moves on a time that does not exist: then it reads differently.
  const zoned = local.toZonedDateTime(timeZone, { disambiguation: "compatible" });
  if (!zoned.toPlainDateTime().equals(local)) throw doesNotExist(local, timeZone);
  return zoned.toInstant();
}

/** Made once for a slot: Temporal takes microseconds for each text. */
export function textsOf(slot: Slot): SlotTexts {
  return knownTexts.getOrInsertComputed(slot, ({ startTime, endTime, localStartTime }) => ({
    startTime: startTime.toString(),
    endTime: endTime.toString(),
    localStartTime: localStartTime.toString(),
  }));
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
