import { COURSES } from "./courses.ts";
import type { Random } from "./random.ts";
import { requestIdOf } from "./request-id.ts";

export interface DemoQualification {
  requestId: string;
  /** The course's name. */
  course: string;
  fromDate: string;
  /** Absent when it does not end. */
  untilDate?: string;
}

const SUBJECTS = [...new Set(COURSES.map(({ subject }) => subject))];

/** All courses of one subject, and sometimes one of another. Most hold for years; some end while a course would run. */
export function qualifications(trainer: string, today: Temporal.PlainDate, random: Random): DemoQualification[] {
  const trade = random.pick(SUBJECTS);
  const sideline = random.chance(0.3) ? random.pick(COURSES).name : null;
  const taught = COURSES.filter(({ subject, name }) => subject === trade || name === sideline);

  return taught.map(({ name }) => {
    const dates = {
      fromDate: today.subtract({ days: random.int(30, 2000) }).toString(),
      ...untilDate(today, random),
    };
    return { requestId: requestIdOf("qualification", trainer, name, dates), course: name, ...dates };
  });
}

function untilDate(today: Temporal.PlainDate, random: Random): { untilDate?: string } {
  const fate = random.fraction();
  if (fate < 0.55) return {};
  if (fate < 0.85) return { untilDate: today.add({ days: random.int(366, 1500) }).toString() };
  if (fate < 0.93) return { untilDate: today.add({ weeks: random.int(31, 51), days: random.int(0, 6) }).toString() };
  return { untilDate: today.add({ weeks: random.int(4, 26), days: random.int(0, 6) }).toString() };
}
