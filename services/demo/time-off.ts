import type { Random } from "./random.ts";
import { requestIdOf } from "./request-id.ts";

export interface DemoTimeOff {
  requestId: string;
  start: Temporal.Instant;
  /** Exclusive. */
  end: Temporal.Instant;
  note: string;
}

const NOTES = ["Holiday", "Holiday", "Holiday", "Parental leave", "Further training", "Military reserve", "Surgery"];

/** Whole local days. Two trainers of five are away once in the coming year. */
export function timeOff(
  trainer: string,
  { timeZone, today }: { timeZone: string; today: Temporal.PlainDate },
  random: Random,
): DemoTimeOff[] {
  if (!random.chance(0.4)) return [];

  const firstDay = today.add({ days: random.int(3, 340) });
  const start = firstDay.toZonedDateTime(timeZone).toInstant();
  const end = firstDay
    .add({ days: random.int(2, 21) })
    .toZonedDateTime(timeZone)
    .toInstant();
  const note = random.pick(NOTES);
  return [{ requestId: requestIdOf("time off", trainer, start, end, note), start, end, note }];
}
