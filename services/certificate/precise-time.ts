import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** A moment as the ledger has it. Ninety of them make a statement, and as Temporal they cost more than all the rest. */
export type LedgerTime = Pick<Timestamp, "seconds" | "nanos">;

const DAY_S = 86_400;
const HOUR_S = 3600;
const MINUTE_S = 60;
const MOST_DAYS = 20_000;

const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
/** Sessions share their days. */
const dates = new Map<number, string>();

/** "2030-01-15T10:00:00.123456Z": always six decimals, further ones cut off. */
export function preciseTime({ seconds, nanos }: LedgerTime): string {
  const since1970 = Number(seconds);
  const day = Math.floor(since1970 / DAY_S);
  const ofDay = since1970 - day * DAY_S;
  const hours = twoDigits[Math.floor(ofDay / HOUR_S)];
  const minutes = twoDigits[Math.floor(ofDay / MINUTE_S) % MINUTE_S];
  const decimals = String(Math.floor(nanos / 1000)).padStart(6, "0");
  return `${dateOf(day)}T${hours}:${minutes}:${twoDigits[ofDay % MINUTE_S]}.${decimals}Z`;
}

export function isEarlier(a: LedgerTime, b: LedgerTime): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);
}

function dateOf(day: number): string {
  if (dates.size > MOST_DAYS) dates.clear();
  return dates.getOrInsertComputed(day, () => new Date(day * DAY_S * 1000).toISOString().slice(0, 10));
}
