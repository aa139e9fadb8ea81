import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import type { Random } from "./random.ts";

/** One range of one weekday, local times. */
export interface Shift {
  dayOfWeek: DayOfWeek;
  startTime: string;
  endTime: string;
}

interface Rhythm {
  /** How many trainers of a hundred keep it. */
  share: number;
  /** On each of the five workdays. */
  workdays: [start: string, end: string][];
  /** On the first day of the weekend. */
  weekend?: [start: string, end: string];
}

const { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY } = DayOfWeek;
const MONDAY_WEEK = { workdays: [MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY], weekend: SATURDAY };
const SUNDAY_WEEK = { workdays: [SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY], weekend: FRIDAY };
const COUNTRIES_WITH_SUNDAY_WEEK = new Set(["BD", "EG", "IL", "NP"]);

const RHYTHMS: readonly Rhythm[] = [
  { share: 40, workdays: [["13:00", "21:00"]] },
  { share: 20, workdays: [["14:30", "20:30"]], weekend: ["09:00", "14:00"] },
  { share: 15, workdays: [["09:00", "18:30"]] },
  {
    share: 12,
    workdays: [
      ["08:00", "12:00"],
      ["15:00", "20:00"],
    ],
  },
  { share: 10, workdays: [["07:00", "15:00"]] },
  { share: 3, workdays: [["18:00", "01:00"]], weekend: ["18:00", "24:00"] },
];

/** Most trainers work in the afternoon and the evening, when students have time. */
export function workingHours(country: string, random: Random): Shift[] {
  const week = COUNTRIES_WITH_SUNDAY_WEEK.has(country) ? SUNDAY_WEEK : MONDAY_WEEK;
  const rhythm = random.pick(RHYTHMS.flatMap((candidate) => Array<Rhythm>(candidate.share).fill(candidate)));
  const days = random.chance(0.2) ? random.sample(week.workdays, 4) : week.workdays;

  const shifts = days.flatMap((day) => rhythm.workdays.map((range) => shift(day, range)));
  return rhythm.weekend ? [...shifts, shift(week.weekend, rhythm.weekend)] : shifts;
}

function shift(dayOfWeek: DayOfWeek, [startTime, endTime]: [string, string]): Shift {
  return { dayOfWeek, startTime, endTime };
}
