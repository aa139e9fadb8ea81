import type { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import type { FieldViolation } from "../runtime/errors.ts";

/** Times as "09:00"; an end at or before the start is on the next day. */
export interface WorkingHours {
  dayOfWeek: DayOfWeek;
  startTime: string;
  endTime: string;
}

const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Names every range that overlaps one before it, past midnight and from Sunday into Monday too. */
export function workingHoursViolations(path: string, ranges: readonly WorkingHours[]): FieldViolation[] {
  return ranges.flatMap((range, index) => {
    const clash = ranges.slice(0, index).findIndex((earlier) => overlap(earlier, range));
    return clash < 0 ? [] : [{ path: `${path}[${index}].start_time`, message: `overlaps ${path}[${clash}]` }];
  });
}

function overlap(one: WorkingHours, other: WorkingHours): boolean {
  const [from, until] = minutesOfWeek(one);
  const [otherFrom, otherUntil] = minutesOfWeek(other);
  return [-WEEK_MINUTES, 0, WEEK_MINUTES].some((shift) => from < otherUntil + shift && otherFrom + shift < until);
}

function minutesOfWeek({ dayOfWeek, startTime, endTime }: WorkingHours): [from: number, until: number] {
  const midnight = (dayOfWeek - 1) * DAY_MINUTES;
  const start = minutesOfDay(startTime);
  const end = minutesOfDay(endTime);
  return [midnight + start, midnight + (end > start ? end : end + DAY_MINUTES)];
}

function minutesOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
