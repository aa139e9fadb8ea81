import type { WorkingHours } from "./candidate.ts";
import type { WallClock } from "./wall-clock.ts";

/** A piece of a week, in minutes from Monday's midnight; one over Sunday's reaches beyond the week. */
export interface Piece {
  start: number;
  end: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;
/** 1 January 1970 was a Thursday. */
const EPOCH_MINUTES = 3 * DAY_MINUTES;

const weeks = new WeakMap<WorkingHours[], Piece[]>();

/** Where a moment lies in a trainer's own week. By the wall clock: a lesson over a clock change lasts longer or shorter. */
export function pieceOf({ startMs, endMs }: { startMs: number; endMs: number }, clock: WallClock): Piece {
  const localStart = clock.localMs(startMs) / MINUTE_MS + EPOCH_MINUTES;
  const length = (clock.localMs(endMs) - clock.localMs(startMs)) / MINUTE_MS;
  const start = modulo(localStart, WEEK_MINUTES);
  return { start, end: start + Math.max(0, length) };
}

/** A weekly lesson is at one place of the week, or at two with a clock change. */
export function distinct(pieces: readonly Piece[]): { piece: Piece; count: number }[] {
  const counted = new Map<number, { piece: Piece; count: number }>();
  for (const piece of pieces) {
    const key = piece.start * WEEK_MINUTES + piece.end;
    counted.getOrInsertComputed(key, () => ({ piece, count: 0 })).count += 1;
  }
  return [...counted.values()];
}

/** Whether the ranges together, those of the week before included, cover the whole of the piece. */
export function covers(hours: WorkingHours[], { start, end }: Piece): boolean {
  return weekOf(hours).some((range) => range.start <= start && end <= range.end);
}

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

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
