import type { Assignment as AssignmentMessage } from "../../gen/cadre/booking/v1/offer_pb.ts";
import { DomainError, invalidFields } from "../runtime/errors.ts";
import type { Candidate } from "./candidate.ts";
import { type Diaries, isTaken, type Lesson, openDiary } from "./diary.ts";
import { momentOf, spanOf, type Wish } from "./eligibility.ts";
import type { Assignment } from "./offer.ts";
import { type Ranked, type Ranking, rank, type Workload } from "./ranking.ts";
import type { Slot } from "./slot.ts";
import { wallClock } from "./wall-clock.ts";

/** What a trainer has on the days of a session, or just before and after it. */
export const MARGIN_MS = 3 * 24 * 60 * 60 * 1000;

/** Trainers who give a purchase's sessions between them. */
export interface Team {
  /** In the order of their first session. */
  members: Ranked[];
  /** Who gives the most sessions, and the earlier ones among as many. */
  lead: Ranked;
  trainerOf(sequence: number): string;
}

export function soleTrainer(trainer: Ranked): Team {
  return { members: [trainer], lead: trainer, trainerOf: () => trainer.candidate.trainerId };
}

/** Refuses assignments that do not begin with session 1, or are out of order. */
export function readAssignments(messages: AssignmentMessage[]): Assignment[] {
  const violations = messages.flatMap(({ fromSequence }, index) => {
    const path = `assignments[${index}].from_sequence`;
    const before = messages[index - 1];
    if (!before) return fromSequence === 1 ? [] : [{ path, message: "the first assignment begins with session 1" }];
    return fromSequence > before.fromSequence ? [] : [{ path, message: "must be later than the one before" }];
  });
  if (violations.length > 0) throw invalidFields(violations);
  return messages.map(({ trainerId, fromSequence }) => ({ trainerId: trainerId.toLowerCase(), fromSequence }));
}

/** Refuses an assignment of sessions that there are not. */
export function checkAssignments(assignments: Assignment[], sessionCount: number): void {
  const last = assignments.at(-1)?.fromSequence ?? 1;
  if (last <= sessionCount) return;
  const message = `Session ${last} is assigned to a trainer; the course has ${sessionCount} sessions.`;
  const metadata = { given: String(last), needed: String(sessionCount) };
  throw new DomainError("precondition", "SESSION_COUNT_MISMATCH", message, { metadata });
}

/** `members` in the order of their first session. */
export function teamOf(assignments: Assignment[], members: Ranked[], slots: Slot[]): Team {
  const sizeOf = ({ candidate }: Ranked): number => sessionsOf(candidate.trainerId, assignments, slots).length;
  const lead = members.reduce((most, member) => (sizeOf(member) > sizeOf(most) ? member : most));
  return { members, lead, trainerOf: (sequence) => trainerOf(sequence, assignments) };
}

/** In the order of their first session. */
export function trainersOf(assignments: Assignment[]): string[] {
  return [...new Set(assignments.map(({ trainerId }) => trainerId))];
}

/** Judges each of the named trainers for its own sessions. */
export function rankTeam(
  wish: Wish,
  assignments: Assignment[],
  trainers: Candidate[],
  workloads: Map<string, Workload>,
): Ranking {
  const rankings = trainers.map((candidate) => {
    const slots = sessionsOf(candidate.trainerId, assignments, wish.slots);
    return rank({ ...wish, slots }, [candidate], workloads);
  });
  return {
    ranked: rankings.flatMap(({ ranked }) => ranked),
    removed: rankings.flatMap(({ removed }) => removed),
  };
}

/** What the diaries say about each of the named trainers and its own sessions. */
export function teamWorkloads(
  { courseId, slots }: Wish,
  assignments: Assignment[],
  trainers: Candidate[],
  { lessons }: Diaries,
): Map<string, Workload> {
  const workloads = trainers.map((candidate) => {
    const own = sessionsOf(candidate.trainerId, assignments, slots);
    return workloadOf(candidate, courseId, own, lessons.get(candidate.trainerId) ?? []);
  });
  return new Map(workloads.map((workload) => [workload.trainerId, workload]));
}

/** Which of the sessions fall into what the student has already. */
export function takenFromStudent(slots: Slot[], { studentTimes }: Diaries): Slot[] {
  return slots.filter((slot) => isTaken(studentTimes, momentOf(slot)));
}

function workloadOf(candidate: Candidate, courseId: string, slots: Slot[], lessons: Lesson[]): Workload {
  const moments = slots.map(momentOf);
  const [fromMs, untilMs] = spanOf(moments);
  const clock = wallClock(candidate.timeZone, [fromMs - MARGIN_MS, untilMs + MARGIN_MS]);
  const diary = openDiary(candidate, courseId, lessons, clock);
  const hindrances = moments.map((moment) => {
    const hindrance = diary.hindrance(moment);
    if (!hindrance) diary.put(moment);
    return hindrance;
  });
  return {
    trainerId: candidate.trainerId,
    bookedSessionCount: 0,
    clashingSessionCount: hindrances.filter((hindrance) => hindrance === "busy").length,
    overDailyLimit: hindrances.filter((hindrance) => hindrance === "daily_limit").length || null,
    taughtBefore: false,
  };
}

function sessionsOf(trainerId: string, assignments: Assignment[], slots: Slot[]): Slot[] {
  return slots.filter(({ sequence }) => trainerOf(sequence, assignments) === trainerId);
}

function trainerOf(sequence: number, assignments: Assignment[]): string {
  return assignments.findLast(({ fromSequence }) => fromSequence <= sequence)?.trainerId ?? "";
}
