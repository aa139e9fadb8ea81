import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type QualificationSchema,
  TrainerStatus,
  type WorkingHoursSchema,
} from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { idOf, type Named } from "./named.ts";

/** What a cell means, or what is wrong with it. */
export type Cell<T> = { value: T } | { fault: string };

type WorkingHours = MessageInitShape<typeof WorkingHoursSchema>;
type Qualification = MessageInitShape<typeof QualificationSchema>;

const DAYS = [
  { name: "mon", day: DayOfWeek.MONDAY },
  { name: "tue", day: DayOfWeek.TUESDAY },
  { name: "wed", day: DayOfWeek.WEDNESDAY },
  { name: "thu", day: DayOfWeek.THURSDAY },
  { name: "fri", day: DayOfWeek.FRIDAY },
  { name: "sat", day: DayOfWeek.SATURDAY },
  { name: "sun", day: DayOfWeek.SUNDAY },
];
const STATUSES = new Map([
  ["active", TrainerStatus.ACTIVE],
  ["suspended", TrainerStatus.SUSPENDED],
  ["left", TrainerStatus.LEFT],
]);
const HOURS = /^([a-z]{3})[a-z]*(?: ?- ?([a-z]{3})[a-z]*)?((?: +\d\d?:\d\d ?- ?\d\d?:\d\d)+)$/;
const QUALIFICATION = /^(.+?) from (\d{4}-\d\d-\d\d)(?: until (\d{4}-\d\d-\d\d))?$/;

/** "12.5", and "12,5" where the spreadsheet's country writes it so. */
export function numberCell(text: string): Cell<number> {
  return /^-?\d+([.,]\d+)?$/.test(text) ? { value: Number(text.replace(",", ".")) } : notA(text, "a number");
}

export function wholeNumberCell(text: string): Cell<number> {
  const value = Number(text);
  return /^-?\d{1,9}$/.test(text) ? { value } : notA(text, "a whole number");
}

export function kilometresCell(text: string): Cell<number> {
  const cell = numberCell(text);
  if ("fault" in cell) return cell;
  const meters = Math.round(cell.value * 1000);
  return Math.abs(meters) < 2 ** 31 ? { value: meters } : notA(text, "a distance on the earth");
}

/** Empty: as it was. */
export function statusCell(text: string): Cell<TrainerStatus | undefined> {
  if (text === "") return { value: undefined };
  const value = STATUSES.get(text.toLowerCase());
  return value === undefined ? { fault: `"${clipped(text)}" is not active, suspended or left` } : { value };
}

/** "Mon-Fri 09:00-12:00 13:00-17:30; Sat 22:00-02:00". */
export function workingHoursCell(text: string): Cell<WorkingHours[]> {
  const hours: WorkingHours[] = [];
  for (const part of partsOf(text)) {
    const [, from = "", until = from, times = ""] = HOURS.exec(part.toLowerCase()) ?? [];
    const days = daysOf(from, until);
    if (days.length === 0) return { fault: `"${clipped(part)}" is not like Mon-Fri 09:00-12:00 13:00-17:30` };
    for (const dayOfWeek of days) {
      for (const [, startTime = "", endTime = ""] of times.matchAll(/(\d\d?:\d\d) ?- ?(\d\d?:\d\d)/g)) {
        hours.push({ dayOfWeek, startTime: startTime.padStart(5, "0"), endTime: endTime.padStart(5, "0") });
      }
    }
  }
  return { value: hours };
}

/** "Swimming from 2026-01-01 until 2026-12-31; Diving from 2026-03-01". */
export function qualificationsCell(text: string, courses: Named): Cell<Qualification[]> {
  const qualifications: Qualification[] = [];
  for (const part of partsOf(text)) {
    const [, course, fromDate, untilDate] = QUALIFICATION.exec(part) ?? [];
    if (course === undefined || fromDate === undefined) {
      return { fault: `"${clipped(part)}" is not like Swimming from 2026-01-01 until 2026-12-31` };
    }
    const courseId = idOf(course, courses);
    if ("fault" in courseId) return courseId;
    qualifications.push({ courseId: courseId.value, fromDate, ...(untilDate === undefined ? {} : { untilDate }) });
  }
  return { value: qualifications };
}

/** Empty: the company. */
export function franchiseCell(text: string, franchises: Named): Cell<string | undefined> {
  return text === "" ? { value: undefined } : idOf(text, franchises);
}

/** From Saturday to Tuesday goes over Sunday. */
function daysOf(from: string, until: string): DayOfWeek[] {
  const first = DAYS.findIndex(({ name }) => name === from);
  const last = DAYS.findIndex(({ name }) => name === until);
  if (first < 0 || last < 0) return [];
  const count = ((last - first + DAYS.length) % DAYS.length) + 1;
  return [...DAYS, ...DAYS].slice(first, first + count).map(({ day }) => day);
}

function partsOf(text: string): string[] {
  return text
    .split(/[;\n]/)
    .map((part) => part.trim().replaceAll(/\s+/g, " "))
    .filter((part) => part !== "");
}

function notA(text: string, what: string): { fault: string } {
  return { fault: text === "" ? "is empty" : `"${clipped(text)}" is not ${what}` };
}

function clipped(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
