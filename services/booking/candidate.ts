import type { Point } from "./point.ts";

/** A trainer as the directory knew it at one version. */
export interface Candidate {
  trainerId: string;
  version: number;
  operatorId: string;
  name: string;
  active: boolean;
  timeZone: string;
  base: Point;
  travelRadiusMeters: number;
  bufferMinutes: number;
  dailySessionLimit: number;
  workingHours: WorkingHours[];
  qualifications: Qualification[];
  timeOff: TimeOff[];
}

export interface WorkingHours {
  /** 1 is Monday. */
  dayOfWeek: number;
  /** From midnight, local to the trainer. */
  startMinute: number;
  /** Exclusive; beyond 1440 on the next day. */
  endMinute: number;
}

export interface Qualification {
  courseId: string;
  /** Inclusive, as "2026-01-31", by the date in the zone of the lesson. */
  fromDate: string;
  untilDate: string | null;
}

export interface TimeOff {
  startTime: Temporal.Instant;
  endTime: Temporal.Instant;
}
