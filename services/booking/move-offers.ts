import { type Diary, type Interval, isTaken } from "./diary.ts";
import { momentOf } from "./eligibility.ts";
import type { NearTime } from "./near-times.ts";
import type { Move, Offer } from "./offer.ts";
import { type Slot, slotOf } from "./slot.ts";

/** An offer of one trainer, and how far its sessions move altogether. */
export interface MoveOffer extends Offer {
  movedMs: number;
}

/**
 * One trainer for all: what the trainer and the student can keep stays, each of the other sessions goes to the nearest time
 * at which both are free. Null when one of them has no such time.
 */
export function moveOffer(
  diary: Diary,
  slots: Slot[],
  studentTimes: Interval[],
  near: (slot: Slot) => Iterable<NearTime>,
): MoveOffer | null {
  const moved: Slot[] = [];
  for (const slot of slots) {
    const moment = momentOf(slot);
    if (isTaken(studentTimes, moment) || diary.hindrance(moment)) moved.push(slot);
    else diary.put(moment);
  }
  const moves: Move[] = [];
  for (const before of moved) {
    const time = firstFree(near(before), diary);
    if (!time) return null;
    diary.put(time);
    moves.push({ before, after: slotOf(time, before.sequence) });
  }
  const { candidate } = diary;
  return {
    moves,
    assignments: [{ trainerId: candidate.trainerId, fromSequence: 1 }],
    trainers: [candidate],
    movedMs: moves.reduce((sum, { before, after }) => sum + distanceMs(before, after), 0),
  };
}

function firstFree(times: Iterable<NearTime>, diary: Diary): NearTime | null {
  for (const time of times) {
    if (!diary.hindrance(time)) return time;
  }
  return null;
}

function distanceMs(before: Slot, after: Slot): number {
  return Math.abs(after.startTime.epochMilliseconds - before.startTime.epochMilliseconds);
}
