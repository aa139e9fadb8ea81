import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { instantOf } from "../../runtime/timestamps.ts";

/** "1 September 2030", in the time zone; in UTC where there is none. */
export function day(time: Timestamp, timeZone: string): string {
  return written(dateOf(time, timeZone));
}

/** "1 January 2030 to 23 July 2030", or the one day that it was. */
export function days(first: Timestamp, last: Timestamp, timeZone: string): string {
  const [from, until] = [day(first, timeZone), day(last, timeZone)];
  return from === until ? from : `${from} to ${until}`;
}

/** "22 hours and 30 minutes". */
export function duration(totalMinutes: number): string {
  const counts = [
    [Math.floor(totalMinutes / 60), "hour"],
    [totalMinutes % 60, "minute"],
  ] as const;
  const said = counts.filter(([count]) => count > 0).map(([count, unit]) => counted(count, unit));
  return said.join(" and ");
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function dateOf(time: Timestamp, timeZone: string): Temporal.PlainDate {
  return instantOf(time)
    .toZonedDateTimeISO(timeZone || "UTC")
    .toPlainDate();
}

function written(date: Temporal.PlainDate): string {
  return date.toLocaleString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}
