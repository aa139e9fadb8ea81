import type { DayOfWeek } from "../../../gen/google/type/dayofweek_pb.ts";
import type { Point } from "../point.ts";
import { greatCircleMeters } from "./sphere.ts";

/** A world as plain data, told minute by minute: naive on purpose, and without a line of what it checks. */
export interface ModelTrainer {
  trainerId: string;
  operatorId: string;
  active: boolean;
  timeZone: string;
  base: Point;
  travelRadiusMeters: number;
  bufferMinutes: number;
  dailySessionLimit: number;
  /** "09:00" to "17:30"; at or before the start it ends on the next day. */
  workingHours: { dayOfWeek: DayOfWeek; startTime: string; endTime: string }[];
  qualification: { fromDate: string; untilDate: string | null } | null;
  /** Minutes since the epoch. */
  timeOff: { start: number; end: number }[];
}

export interface ModelZone {
  operatorId: string;
  timeZone: string;
  sessionMinutes: number;
  location: Point;
}

/** From a date on, local to the zone. */
export interface ModelPattern {
  startDate: string;
  times: { dayOfWeek: DayOfWeek; startTime: string }[];
}

/** "2030-03-28T17:30" in the zone, and who gives it. */
export interface ModelSession {
  localStartTime: string;
  trainerId: string;
}

export type Verdict =
  | { trainerId: string }
  | {
      refused: "LOCAL_TIME_DOES_NOT_EXIST" | "SESSIONS_OVERLAP" | "STUDENT_ALREADY_BOOKED" | "NO_TRAINER_AVAILABLE";
    };

export interface Model {
  /** What must come of a wish, and nothing of it is booked. */
  verdict(zone: ModelZone, studentId: string, localStartTimes: string[]): Verdict;
  /** Whether these can all be given by those, to that student. */
  possible(zone: ModelZone, studentId: string, sessions: ModelSession[]): boolean;
  book(zone: ModelZone, studentId: string, sessions: ModelSession[]): void;
}

interface Diary {
  minutes: Set<number>;
  sessionsOn: Map<string, number>;
  sessions: number;
  students: Set<string>;
}

export function newModel(trainers: ModelTrainer[]): Model {
  const diaries = new Map<string, Diary>();
  const studentMinutes = new Map<string, Set<number>>();
  const diaryOf = (trainerId: string): Diary =>
    diaries.get(trainerId) ?? { minutes: new Set(), sessionsOn: new Map(), sessions: 0, students: new Set() };
  const minutesOf = (studentId: string): Set<number> => studentMinutes.get(studentId) ?? new Set();

  /** The diary with the sessions in it, or null when they do not go in. */
  function withSessions(trainer: ModelTrainer, zone: ModelZone, studentId: string, localStartTimes: string[]) {
    if (!trainer.active || trainer.operatorId !== zone.operatorId || !trainer.qualification) return null;
    if (greatCircleMeters(trainer.base, zone.location) > trainer.travelRadiusMeters) return null;
    const before = diaryOf(trainer.trainerId);
    const diary: Diary = {
      minutes: new Set(before.minutes),
      sessionsOn: new Map(before.sessionsOn),
      sessions: before.sessions + localStartTimes.length,
      students: new Set([...before.students, studentId]),
    };
    for (const localStartTime of localStartTimes) {
      const date = localStartTime.slice(0, 10);
      const { fromDate, untilDate } = trainer.qualification;
      if (date < fromDate || (untilDate !== null && date > untilDate)) return null;

      const start = minuteOf(localStartTime, zone.timeZone);
      for (let minute = start; minute < start + zone.sessionMinutes; minute += 1) {
        if (!worksIn(trainer, minute)) return null;
        if (trainer.timeOff.some((off) => off.start <= minute && minute < off.end)) return null;
      }
      for (let minute = start; minute < start + zone.sessionMinutes + trainer.bufferMinutes; minute += 1) {
        if (diary.minutes.has(minute)) return null;
      }
      for (let minute = start; minute < start + zone.sessionMinutes + trainer.bufferMinutes; minute += 1) {
        diary.minutes.add(minute);
      }
      const day = wallClock(start, trainer.timeZone).slice(0, 10);
      diary.sessionsOn.set(day, (diary.sessionsOn.get(day) ?? 0) + 1);
      if ((diary.sessionsOn.get(day) ?? 0) > trainer.dailySessionLimit) return null;
    }
    return diary;
  }

  function lessonMinutes(zone: ModelZone, localStartTimes: string[]): number[] {
    return localStartTimes.flatMap((time) => {
      const start = minuteOf(time, zone.timeZone);
      return Array.from({ length: zone.sessionMinutes }, (_, minute) => start + minute);
    });
  }

  function possible(zone: ModelZone, studentId: string, sessions: ModelSession[]): boolean {
    const wanted = lessonMinutes(
      zone,
      sessions.map(({ localStartTime }) => localStartTime),
    );
    if (new Set(wanted).size < wanted.length || wanted.some((minute) => minutesOf(studentId).has(minute))) return false;
    return trainers.every((trainer) => {
      const own = sessions.filter(({ trainerId }) => trainerId === trainer.trainerId);
      const times = own.map(({ localStartTime }) => localStartTime).sort();
      return own.length === 0 || withSessions(trainer, zone, studentId, times) !== null;
    });
  }

  return {
    possible,
    verdict(zone, studentId, localStartTimes) {
      if (localStartTimes.some((local) => findMinute(local, zone.timeZone) === null)) {
        return { refused: "LOCAL_TIME_DOES_NOT_EXIST" };
      }
      const wanted = lessonMinutes(zone, localStartTimes);
      if (new Set(wanted).size < wanted.length) return { refused: "SESSIONS_OVERLAP" };
      if (wanted.some((minute) => minutesOf(studentId).has(minute))) return { refused: "STUDENT_ALREADY_BOOKED" };
      const able = trainers.filter((trainer) => withSessions(trainer, zone, studentId, localStartTimes.toSorted()));
      const scored = able.map((trainer) => {
        const { sessions, students } = diaryOf(trainer.trainerId);
        const kilometers = greatCircleMeters(trainer.base, zone.location) / 1000;
        const score = kilometers + sessions / 5 - (students.has(studentId) ? 10 : 0);
        return { trainerId: trainer.trainerId, score: Math.round(score * 1000) / 1000 };
      });
      scored.sort((a, b) => a.score - b.score || (a.trainerId < b.trainerId ? -1 : 1));
      return scored[0] ? { trainerId: scored[0].trainerId } : { refused: "NO_TRAINER_AVAILABLE" };
    },
    book(zone, studentId, sessions) {
      for (const trainer of trainers) {
        const own = sessions.filter(({ trainerId }) => trainerId === trainer.trainerId);
        if (own.length === 0) continue;
        const times = own.map(({ localStartTime }) => localStartTime).sort();
        const diary = withSessions(trainer, zone, studentId, times);
        if (!diary) throw new Error(`${trainer.trainerId} cannot give ${times}`);
        diaries.set(trainer.trainerId, diary);
      }
      const times = sessions.map(({ localStartTime }) => localStartTime);
      studentMinutes.set(studentId, new Set([...minutesOf(studentId), ...lessonMinutes(zone, times)]));
    },
  };
}

function worksIn({ timeZone, workingHours }: ModelTrainer, minute: number): boolean {
  const local = wallClock(minute, timeZone);
  const weekday = new Date(`${local.slice(0, 10)}T00:00Z`).getUTCDay() || 7;
  const yesterday = weekday === 1 ? 7 : weekday - 1;
  const time = local.slice(11);
  return workingHours.some(({ dayOfWeek, startTime, endTime }) => {
    if (endTime > startTime) return dayOfWeek === weekday && startTime <= time && time < endTime;
    return (dayOfWeek === weekday && startTime <= time) || (dayOfWeek === yesterday && time < endTime);
  });
}

const formats = new Map<string, Intl.DateTimeFormat>();
const shown = new Map<string, string>();

/** "2030-03-28T17:30" as a clock there shows at that minute since the epoch. */
export function wallClock(minute: number, timeZone: string): string {
  const key = `${minute} ${timeZone}`;
  const known = shown.get(key);
  if (known !== undefined) return known;
  const options = { dateStyle: "short", timeStyle: "short", hourCycle: "h23", timeZone } as const;
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("sv-SE", options);
  formats.set(timeZone, format);
  const text = format.format(minute * 60_000).replace(" ", "T");
  shown.set(key, text);
  return text;
}

/** The first minute at which the clock there shows this. */
export function minuteOf(local: string, timeZone: string): number {
  const minute = findMinute(local, timeZone);
  if (minute === null) throw new Error(`${local} does not exist in ${timeZone}`);
  return minute;
}

function findMinute(local: string, timeZone: string): number | null {
  const asUtc = Date.parse(`${local}Z`) / 60_000;
  for (let minute = asUtc - 15 * 60; minute <= asUtc + 15 * 60; minute += 15) {
    if (wallClock(minute, timeZone) === local) return minute;
  }
  return null;
}

/** The first so many local starts of a pattern, in order. */
export function repeated({ startDate, times }: ModelPattern, count: number): string[] {
  const starts: string[] = [];
  for (let day = Date.parse(`${startDate}T00:00Z`); starts.length < count; day += 24 * 60 * 60_000) {
    const weekday = new Date(day).getUTCDay() || 7;
    const date = new Date(day).toISOString().slice(0, 10);
    const ofDay = times.filter(({ dayOfWeek }) => dayOfWeek === weekday).map(({ startTime }) => startTime);
    starts.push(...ofDay.sort().map((startTime) => `${date}T${startTime}`));
  }
  return starts.slice(0, count);
}
