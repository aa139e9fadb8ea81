import type { Candidate } from "./candidate.ts";
import { isAway, isQualified, type Moment, worksAt } from "./eligibility.ts";
import type { WallClock } from "./wall-clock.ts";

/** A time in milliseconds since the epoch, without its end. */
export interface Interval {
  startMs: number;
  endMs: number;
}

/** What a trainer has to give in a period, by start time. */
export interface Lesson extends Interval {
  /** The trainer's, when the lesson was booked: kept free after it. */
  bufferMs: number;
}

/** What the sessions say about a student and some trainers in a period. */
export interface Diaries {
  /** With whichever operator. */
  studentTimes: Interval[];
  /** By trainer's id; who has nothing may be missing. */
  lessons: Map<string, Lesson[]>;
}

/** What keeps a trainer from giving one session more. */
export type Hindrance = "not_qualified" | "outside_working_hours" | "on_time_off" | "busy" | "daily_limit";

/** A trainer's diary, into which sessions are put in pencil. */
export interface Diary {
  candidate: Candidate;
  /** Null when the trainer can give the session beside all that is in the diary. */
  hindrance(moment: Moment): Hindrance | null;
  put(moment: Moment): void;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** More than any lesson with its buffer. */
const LONGEST_MS = 2 * DAY_MS;

/** `clock` is the trainer's own. */
export function openDiary(candidate: Candidate, courseId: string, booked: Lesson[], clock: WallClock): Diary {
  const bufferMs = candidate.bufferMinutes * MINUTE_MS;
  const lessonsOn = new Map<number, Lesson[]>();
  const sessionsOn = new Map<number, number>();
  const localDay = (ms: number): number => dayOf(clock.localMs(ms));
  const add = (lesson: Lesson): void => {
    lessonsOn.getOrInsert(dayOf(lesson.startMs), []).push(lesson);
    sessionsOn.set(localDay(lesson.startMs), (sessionsOn.get(localDay(lesson.startMs)) ?? 0) + 1);
  };
  for (const lesson of booked) add(lesson);

  const isBusy = ({ startMs, endMs }: Moment): boolean => {
    const untilMs = endMs + bufferMs;
    for (let day = dayOf(startMs - LONGEST_MS); day <= dayOf(untilMs); day += 1) {
      const clash = lessonsOn.get(day)?.some((one) => one.startMs < untilMs && startMs < one.endMs + one.bufferMs);
      if (clash) return true;
    }
    return false;
  };

  return {
    candidate,
    hindrance(moment) {
      if (!isQualified(candidate, courseId, moment.date)) return "not_qualified";
      if (!worksAt(candidate, moment, clock)) return "outside_working_hours";
      if (isAway(candidate, moment)) return "on_time_off";
      if (isBusy(moment)) return "busy";
      return (sessionsOn.get(localDay(moment.startMs)) ?? 0) < candidate.dailySessionLimit ? null : "daily_limit";
    },
    put({ startMs, endMs }) {
      add({ startMs, endMs, bufferMs });
    },
  };
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

export function isTaken(times: readonly Interval[], { startMs, endMs }: Interval): boolean {
  return times.some((time) => time.startMs < endMs && startMs < time.endMs);
}
