import type { HolidaysTypes } from "date-holidays";
import { LRUCache } from "lru-cache";
import { DomainError } from "../runtime/errors.ts";
import type { Closure, Schedule } from "./schedule.ts";
import type { Zone } from "./zone.ts";

type Place = Pick<Zone, "countryCode" | "regionCode">;

/**
 * The year of now in UTC, the two that may be booked, and one before and after: the last holiday of a year may reach into the
 * next, and east of UTC the years begin earlier.
 */
const YEARS = [-1, 0, 1, 2, 3];
const MAX_PLACES = 500;

const known = new LRUCache<string, readonly Closure[]>({ max: MAX_PLACES });

/** The schedule as it is in the zone: with its public holidays closed, where it wants them skipped. */
export async function closedOnHolidays(schedule: Schedule, zone: Place, now: Temporal.Instant): Promise<Schedule> {
  if (schedule.kind !== "weekly" || !schedule.skipPublicHolidays) return schedule;
  return { ...schedule, closures: await publicHolidays(zone, now) };
}

/** Of the year before now to three years after it. Refuses a country whose holidays are not known. */
export async function publicHolidays(
  { countryCode, regionCode }: Place,
  now: Temporal.Instant,
): Promise<readonly Closure[]> {
  const { year } = now.toZonedDateTimeISO("UTC");
  const key = `${countryCode} ${regionCode} ${year}`;
  const cached = known.get(key);
  if (cached) return cached;

  // 38 MB, which only those pay who skip holidays.
  const { default: Holidays } = await import("date-holidays");
  const region = regionCode.slice(countryCode.length + 1);
  const calendar = new Holidays(countryCode, region, { types: ["public"] });
  if (!(countryCode in calendar.getCountries())) throw holidaysUnknown(countryCode);
  const closures = YEARS.flatMap((offset) => calendar.getHolidays(year + offset)).map(closureOf);
  known.set(key, closures);
  return closures;
}

/**
 * By the calendar of its place: "2030-04-22 00:00:00", with an offset behind it where the day begins the evening before,
 * by which offices do not go. A day on which the clocks change lasts an hour more or less.
 */
function closureOf({ date, start, end }: Pick<HolidaysTypes.Holiday, "date" | "start" | "end">): Closure {
  const startTime = Temporal.PlainDateTime.from(date.slice(0, "2030-04-22 00:00:00".length));
  const hours = (end.getTime() - start.getTime()) / 3_600_000;
  const days = Math.round(hours / 24);
  const endTime = days > 0 && Math.abs(hours - days * 24) <= 1 ? startTime.add({ days }) : startTime.add({ hours });
  return { startTime, endTime };
}

function holidaysUnknown(countryCode: string): DomainError {
  const message = `The public holidays of ${countryCode} are not known: book without skipping them.`;
  return new DomainError("precondition", "PUBLIC_HOLIDAYS_UNKNOWN", message, {
    metadata: { country_code: countryCode },
  });
}
