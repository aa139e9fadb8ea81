import type { Diary } from "./diary.ts";
import { type Moment, momentOf } from "./eligibility.ts";
import type { Assignment, Offer } from "./offer.ts";
import type { Slot } from "./slot.ts";

/** As many as a request takes. */
const MAX_ASSIGNMENTS = 50;

/**
 * Two trainers at the times wished for, the first as long as possible and then each as long as possible: no other division
 * between the two that begins with the first changes trainers less often. Null when there is a session that neither can
 * give.
 */
export function splitOffer(first: Diary, second: Diary, slots: Slot[]): Offer | null {
  const assignments: Assignment[] = [];
  let [current, other] = [first, second];
  for (const slot of slots) {
    const moment = momentOf(slot);
    if (current.hindrance(moment)) [current, other] = [other, current];
    if (current.hindrance(moment)) return null;
    current.put(moment);
    const { trainerId } = current.candidate;
    if (assignments.at(-1)?.trainerId !== trainerId) assignments.push({ trainerId, fromSequence: slot.sequence });
  }
  if (assignments.length < 2 || assignments.length > MAX_ASSIGNMENTS) return null;
  const trainers = assignments[0]?.trainerId === first.candidate.trainerId ? [first, second] : [second, first];
  return { moves: [], assignments, trainers: trainers.map(({ candidate }) => candidate) };
}

/** Which of the sessions a trainer could give if it were the only one. */
export function possibleOnes(diary: Diary, moments: Moment[]): boolean[] {
  return moments.map((moment) => diary.hindrance(moment) === null);
}
