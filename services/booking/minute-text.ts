import { LRUCache } from "lru-cache";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/** More than can be booked. */
const dates = new LRUCache<number, string>({ max: 2000 });
const times = Array.from({ length: DAY_MINUTES }, (_, minute) => {
  const [hour, rest] = [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0"));
  return `T${hour}:${rest}:00`;
});

/** A minute as ISO 8601 has it, of UTC or of whatever clock it was counted on: "2030-01-07T09:00:00". Date takes five times as long. */
export function minuteText(ms: number): string {
  const minute = Math.floor(ms / MINUTE_MS);
  const day = Math.floor(minute / DAY_MINUTES);
  return dateText(day) + times[minute - day * DAY_MINUTES];
}

/** "2030-01-07". */
export function dateTextAt(ms: number): string {
  return dateText(Math.floor(ms / MINUTE_MS / DAY_MINUTES));
}

function dateText(day: number): string {
  const known = dates.get(day);
  if (known !== undefined) return known;
  const text = new Date(day * DAY_MINUTES * MINUTE_MS).toISOString().slice(0, "2030-01-07".length);
  dates.set(day, text);
  return text;
}
