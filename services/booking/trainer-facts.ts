import { LRUCache } from "lru-cache";
import { type Trainer, TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { instantOf } from "../runtime/timestamps.ts";
import type { Candidate, WorkingHours } from "./candidate.ts";

const DAY_MINUTES = 24 * 60;

// Many trainers share few operators, courses, dates, time zones and hours: one of each spares half of the memory.
const shared = new LRUCache<string, string>({ max: 20_000 });
const ranges = new LRUCache<string, WorkingHours>({ max: 20_000 });
const weeks = new LRUCache<string, WorkingHours[]>({ max: 20_000 });

/** What booking wants to know of a trainer. */
export function candidateFrom(trainer: Trainer): Candidate {
  const { trainerId, operatorId, name, timeZone, travelRadiusMeters, bufferMinutes, dailySessionLimit } = trainer;
  return {
    trainerId,
    version: Number(trainer.version),
    operatorId: share(operatorId),
    name,
    active: trainer.status === TrainerStatus.ACTIVE,
    timeZone: share(timeZone),
    base: { latitude: trainer.base?.latitude ?? 0, longitude: trainer.base?.longitude ?? 0 },
    travelRadiusMeters,
    bufferMinutes,
    dailySessionLimit,
    workingHours: weekOf(trainer.workingHours),
    qualifications: trainer.qualifications.map(({ courseId, fromDate, untilDate }) => ({
      courseId: share(courseId),
      fromDate: share(fromDate),
      untilDate: untilDate === undefined ? null : share(untilDate),
    })),
    timeOff: trainer.timeOff.flatMap(({ startTime, endTime }) =>
      startTime && endTime ? [{ startTime: instantOf(startTime), endTime: instantOf(endTime) }] : [],
    ),
  };
}

/** The same hours are one list: what is made of it, is made once. */
function weekOf(hours: Trainer["workingHours"]): WorkingHours[] {
  const texts = hours.map(({ dayOfWeek, startTime, endTime }) => `${dayOfWeek} ${startTime} ${endTime}`);
  const key = texts.join();
  const known = weeks.get(key);
  if (known) return known;
  const week = hours.map((range, index) => rangeOf(range, texts[index] ?? ""));
  weeks.set(key, week);
  return week;
}

function rangeOf({ dayOfWeek, startTime, endTime }: Trainer["workingHours"][number], text: string): WorkingHours {
  const known = ranges.get(text);
  if (known) return known;
  const startMinute = minuteOf(startTime);
  const endMinute = minuteOf(endTime);
  const range = { dayOfWeek, startMinute, endMinute: endMinute > startMinute ? endMinute : endMinute + DAY_MINUTES };
  ranges.set(text, range);
  return range;
}

function share(text: string): string {
  const known = shared.get(text);
  if (known !== undefined) return known;
  shared.set(text, text);
  return text;
}

/** "17:30" as minutes from midnight; "24:00" is 1440. */
function minuteOf(time: string): number {
  const [hours, minutes] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}
