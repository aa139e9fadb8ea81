import type { Candidate, WorkingHours } from "./candidate.ts";
import { distanceMeters } from "./geo.ts";
import type { Point } from "./point.ts";
import type { Slot } from "./schedule.ts";

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

/** Where each session lies in a trainer's own week. */
interface LocalSlot {
  dayOfWeek: number;
  startMinute: number;
  endMinute: number;
}

const DAY_MINUTES = 24 * 60;

/**
 * Judges trainers for one wish by what the directory says of them: the first reason that removes a trainer, or null.
 * Whether a trainer is already booked, only the claims know.
 */
export function judge(wish: Wish): (candidate: Candidate) => Removal | null {
  const dates = wish.slots.map(({ localStartTime }) => localStartTime.toPlainDate().toString());
  const localSlots = memoized((timeZone) => wish.slots.map((slot) => localTo(timeZone, slot)));
  const all = wish.slots.length;

  return (candidate) => {
    if (!candidate.active || candidate.operatorId !== wish.operatorId) return removal("not_active", all);

    const unqualified = dates.filter((date) => !isQualified(candidate, wish.courseId, date));
    if (unqualified.length > 0) return removal("not_qualified", unqualified.length);

    if (!reaches(candidate, wish.location)) return removal("too_far", all);

    const outside = localSlots(candidate.timeZone).filter((slot) => !works(candidate.workingHours, slot));
    if (outside.length > 0) return removal("outside_working_hours", outside.length);

    const away = wish.slots.filter((slot) => candidate.timeOff.some((off) => overlaps(off, slot)));
    if (away.length > 0) return removal("on_time_off", away.length);

    const tooClose = withinBuffer(wish.slots, candidate.bufferMinutes);
    return tooClose > 0 ? removal("busy", tooClose) : null;
  };
}

/** By the date in the zone of the lesson. */
export function isQualified({ qualifications }: Candidate, wanted: string, date: string): boolean {
  const qualification = qualifications.find(({ courseId }) => courseId === wanted);
  if (!qualification || date < qualification.fromDate) return false;
  return qualification.untilDate === null || date <= qualification.untilDate;
}

export function reaches({ base, travelRadiusMeters }: Candidate, place: Point): boolean {
  return distanceMeters(base, place) <= travelRadiusMeters;
}

function removal(reason: Removal["reason"], clashingSessionCount: number): Removal {
  return { reason, clashingSessionCount };
}

function localTo(timeZone: string, { startTime, endTime }: Slot): LocalSlot {
  const start = startTime.toZonedDateTimeISO(timeZone).toPlainDateTime();
  const end = endTime.toZonedDateTimeISO(timeZone).toPlainDateTime();
  const startMinute = start.hour * 60 + start.minute;
  // By the wall clock: a lesson over a clock change lasts longer or shorter on it.
  const endMinute = startMinute + start.until(end, { largestUnit: "minutes" }).minutes;
  return { dayOfWeek: start.dayOfWeek, startMinute, endMinute: Math.max(endMinute, startMinute) };
}

/** Whether the ranges together, those of the day before and after included, cover the whole of the slot. */
function works(hours: WorkingHours[], { dayOfWeek, startMinute, endMinute }: LocalSlot): boolean {
  const ranges = hours
    .flatMap((range) =>
      [-1, 0, 1, 2]
        .filter((days) => (dayOfWeek - 1 + days + 7) % 7 === range.dayOfWeek - 1)
        .map((days) => ({
          start: range.startMinute + days * DAY_MINUTES,
          end: range.endMinute + days * DAY_MINUTES,
        })),
    )
    .sort((a, b) => a.start - b.start);
  let covered = startMinute;
  for (const { start, end } of ranges) {
    if (start > covered) break;
    covered = Math.max(covered, end);
  }
  return covered >= endMinute;
}

function overlaps(off: { startTime: Temporal.Instant; endTime: Temporal.Instant }, slot: Slot): boolean {
  return (
    Temporal.Instant.compare(off.startTime, slot.endTime) < 0 &&
    Temporal.Instant.compare(slot.startTime, off.endTime) < 0
  );
}

/** How many sessions start within the buffer after the one before. */
function withinBuffer(slots: Slot[], bufferMinutes: number): number {
  return slots.filter((slot, index) => {
    const previous = slots[index - 1];
    if (!previous) return false;
    return Temporal.Instant.compare(slot.startTime, previous.endTime.add({ minutes: bufferMinutes })) < 0;
  }).length;
}

function memoized<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
