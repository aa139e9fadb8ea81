import type { Candidate, WorkingHours } from "./candidate.ts";
import { distanceMeters } from "./geo.ts";
import type { Point } from "./point.ts";
import type { Slot } from "./schedule.ts";
import { type WallClock, wallClock } from "./wall-clock.ts";

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

/** A piece of a week, in minutes from Monday's midnight; one over Sunday's reaches beyond the week. */
interface Piece {
  start: number;
  end: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;
/** 1 January 1970 was a Thursday. */
const EPOCH_MINUTES = 3 * DAY_MINUTES;

type Judge = (candidate: Candidate) => Removal | null;

/** A booking ranks for one wish before and after it has read the best. */
const judges = new WeakMap<Wish, Judge>();

/**
 * Judges trainers for one wish by what the directory says of them: the first reason that removes a trainer, or null.
 * Whether a trainer is already booked, only the claims know.
 */
export function judge(wish: Wish): Judge {
  return judges.getOrInsertComputed(wish, newJudge);
}

function newJudge(wish: Wish): Judge {
  const moments = wish.slots.map(momentOf);
  const dates = datesOf(moments);
  const clockOf = memoized((timeZone: string) => wallClock(timeZone, spanOf(moments)));
  const piecesIn = memoized((timeZone: string) => distinct(moments.map((one) => pieceOf(one, clockOf(timeZone)))));
  const tooCloseFor = memoized((bufferMinutes: number) => withinBuffer(moments, bufferMinutes));
  const all = moments.length;

  return (candidate) => {
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

    const away = moments.filter((moment) => isAway(candidate, moment));
    if (away.length > 0) return removal("on_time_off", away.length);

    const tooClose = tooCloseFor(candidate.bufferMinutes);
    return tooClose > 0 ? removal("busy", tooClose) : null;
  };
}

const knownMoments = new WeakMap<Slot, Moment>();

/** Made once for a slot: Temporal takes microseconds for each text. */
export function momentOf(slot: Slot): Moment {
  const { startTime, endTime, localStartTime } = slot;
  return knownMoments.getOrInsertComputed(slot, () => ({
    startMs: startTime.epochMilliseconds,
    endMs: endTime.epochMilliseconds,
    date: localStartTime.toPlainDate().toString(),
  }));
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

/** Where a moment lies in a trainer's own week. By the wall clock: a lesson over a clock change lasts longer or shorter. */
function pieceOf({ startMs, endMs }: Moment, clock: WallClock): Piece {
  const localStart = clock.localMs(startMs) / MINUTE_MS + EPOCH_MINUTES;
  const length = (clock.localMs(endMs) - clock.localMs(startMs)) / MINUTE_MS;
  const start = modulo(localStart, WEEK_MINUTES);
  return { start, end: start + Math.max(0, length) };
}

/** A weekly lesson is at one place of the week, or at two with a clock change. */
function distinct(pieces: readonly Piece[]): { piece: Piece; count: number }[] {
  const counted = new Map<number, { piece: Piece; count: number }>();
  for (const piece of pieces) {
    const key = piece.start * WEEK_MINUTES + piece.end;
    counted.getOrInsertComputed(key, () => ({ piece, count: 0 })).count += 1;
  }
  return [...counted.values()];
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** Whether the ranges together, those of the week before included, cover the whole of the piece. */
function covers(hours: WorkingHours[], { start, end }: Piece): boolean {
  return weekOf(hours).some((range) => range.start <= start && end <= range.end);
}

const weeks = new WeakMap<WorkingHours[], Piece[]>();

/** What the ranges cover of a week and of those around it, those that touch made one. */
function weekOf(hours: WorkingHours[]): Piece[] {
  const known = weeks.get(hours);
  if (known) return known;
  const pieces = hours
    .flatMap(({ dayOfWeek, startMinute, endMinute }) =>
      [-WEEK_MINUTES, 0, WEEK_MINUTES].map((shift) => {
        const midnight = (dayOfWeek - 1) * DAY_MINUTES + shift;
        return { start: midnight + startMinute, end: midnight + endMinute };
      }),
    )
    .sort((a, b) => a.start - b.start);
  const week: Piece[] = [];
  for (const piece of pieces) {
    const last = week.at(-1);
    if (last && piece.start <= last.end) last.end = Math.max(last.end, piece.end);
    else week.push(piece);
  }
  weeks.set(hours, week);
  return week;
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
