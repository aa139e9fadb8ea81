import type { Candidate } from "./candidate.ts";
import { distanceMeters } from "./geo.ts";
import type { Point } from "./point.ts";
import { type Slot, timesOf } from "./slot.ts";
import { type WallClock, wallClock } from "./wall-clock.ts";
import { covers, distinct, pieceOf } from "./week.ts";

/** What a trainer is wanted for. */
export interface Wish {
  courseId: string;
  operatorId: string;
  location: Point;
  slots: Slot[];
}

/** What keeps a trainer from a purchase, and on how many of its sessions. */
export interface Removal {
  reason: "not_active" | "not_qualified" | "too_far" | "outside_working_hours" | "on_time_off" | "busy" | "daily_limit";
  clashingSessionCount: number;
}

/** A session's time, in milliseconds since the epoch, and its date in the zone. */
export interface Moment {
  startMs: number;
  endMs: number;
  date: string;
}

const MINUTE_MS = 60_000;
type Judge = (candidate: Candidate) => Removal | null;

/**
 * Judges trainers for one wish by what the directory says of them: the first reason that removes a trainer, or null.
 * Whether a trainer is already booked, only the claims know. Remembers whom it has judged.
 */
export function judge(wish: Wish): Judge {
  const moments = wish.slots.map(momentOf);
  const dates = datesOf(moments);
  const clockOf = memoized((timeZone: string) => wallClock(timeZone, spanOf(moments)));
  const piecesIn = memoized((timeZone: string) => distinct(moments.map((one) => pieceOf(one, clockOf(timeZone)))));
  const tooCloseFor = memoized((bufferMinutes: number) => withinBuffer(moments, bufferMinutes));
  const all = moments.length;

  return memoized((candidate) => {
    if (!candidate.active || candidate.operatorId !== wish.operatorId) return removal("not_active", all);

    if (!isQualifiedFrom(candidate, wish.courseId, dates)) {
      const unqualified = moments.filter(({ date }) => !isQualified(candidate, wish.courseId, date));
      return removal("not_qualified", unqualified.length);
    }

    if (!reaches(candidate, wish.location)) return removal("too_far", all);

    let outside = 0;
    for (const { piece, count } of piecesIn(candidate.timeZone)) {
      if (!covers(candidate.workingHours, piece)) outside += count;
    }
    if (outside > 0) return removal("outside_working_hours", outside);

    const away = candidate.timeOff.length === 0 ? 0 : moments.filter((moment) => isAway(candidate, moment)).length;
    if (away > 0) return removal("on_time_off", away);

    const tooClose = tooCloseFor(candidate.bufferMinutes);
    return tooClose > 0 ? removal("busy", tooClose) : null;
  });
}

/** Made once for a slot. */
export function momentOf(slot: Slot): Moment {
  return timesOf(slot);
}

/** From the first start to the last end; the moments are in order. */
export function spanOf(moments: readonly Moment[]): [fromMs: number, untilMs: number] {
  return [moments[0]?.startMs ?? 0, moments.at(-1)?.endMs ?? 0];
}

/** By the date in the zone of the lesson. */
export function isQualified({ qualifications }: Candidate, wanted: string, date: string): boolean {
  const qualification = qualifications.find(({ courseId }) => courseId === wanted);
  if (!qualification || date < qualification.fromDate) return false;
  return qualification.untilDate === null || date <= qualification.untilDate;
}

/** On every date of them: a qualification has no gap. */
export function isQualifiedFrom(
  candidate: Candidate,
  wanted: string,
  [first, last]: readonly [string, string],
): boolean {
  return isQualified(candidate, wanted, first) && isQualified(candidate, wanted, last);
}

/** The first and the last date, in whichever order they are. */
export function datesOf(moments: readonly Moment[]): [first: string, last: string] {
  const dates = moments.map(({ date }) => date).sort();
  return [dates[0] ?? "", dates.at(-1) ?? ""];
}

export function reaches({ base, travelRadiusMeters }: Candidate, place: Point): boolean {
  return distanceMeters(base, place) <= travelRadiusMeters;
}

export function worksAt({ workingHours }: Candidate, moment: Moment, clock: WallClock): boolean {
  return covers(workingHours, pieceOf(moment, clock));
}

export function isAway({ timeOff }: Candidate, { startMs, endMs }: Moment): boolean {
  return timeOff.some(
    ({ startTime, endTime }) => startTime.epochMilliseconds < endMs && startMs < endTime.epochMilliseconds,
  );
}

function removal(reason: Removal["reason"], clashingSessionCount: number): Removal {
  return { reason, clashingSessionCount };
}

/** How many sessions start within the buffer after the one before. */
function withinBuffer(moments: Moment[], bufferMinutes: number): number {
  return moments.filter(({ startMs }, index) => {
    const previous = moments[index - 1];
    return previous !== undefined && startMs < previous.endMs + bufferMinutes * MINUTE_MS;
  }).length;
}

function memoized<Key, T>(make: (key: Key) => T): (key: Key) => T {
  const made = new Map<Key, T>();
  return (key) => made.getOrInsertComputed(key, make);
}
