import type { Candidate } from "./candidate.ts";
import { judge, type Removal, type Wish } from "./eligibility.ts";
import { distanceMeters } from "./geo.ts";

/** What the claims say about a trainer. */
export interface Workload {
  trainerId: string;
  /** Sessions of all purchases that the trainer has not ended yet, those already held included. */
  bookedSessionCount: number;
  /** How many of the wished-for sessions fall into what the trainer has booked. */
  clashingSessionCount: number;
  /** How many of the wished-for sessions are too many for their days; null for none. */
  overDailyLimit: number | null;
  /** The student has bought a course with the trainer before. */
  taughtBefore: boolean;
}

export interface Ranked {
  candidate: Candidate;
  score: number;
  distanceMeters: number;
}

export interface Removed {
  candidate: Candidate;
  distanceMeters: number;
  removal: Removal;
}

export interface Ranking {
  /** Best first. */
  ranked: Ranked[];
  /** By id. */
  removed: Removed[];
}

/** A kilometre more weighs as much as five booked sessions more. */
const SCORE_PER_KILOMETER = 1;
const SCORE_PER_BOOKED_SESSION = 0.2;
/** A student stays with a trainer up to ten kilometres farther away. */
const SCORE_TAUGHT_BEFORE = -10;

/**
 * Ranks trainers for a wish: lower scores first, equal scores by id. The same arguments give the same ranking.
 * `workloads` has an entry for each candidate.
 */
export function rank(wish: Wish, candidates: Candidate[], workloads: Map<string, Workload>): Ranking {
  return ranker(wish)(candidates, workloads);
}

/**
 * Ranks for one wish time and again, and judges nobody anew. Whoever ranks holds it: behind a WeakMap by wish, what it knows, which
 * is the wish as well, outlived every booking until the next full collection.
 */
export function ranker(wish: Wish): (candidates: Candidate[], workloads: Map<string, Workload>) => Ranking {
  const removalOf = judge(wish);
  return (candidates, workloads) => {
    const ranked: Ranked[] = [];
    const removed: Removed[] = [];
    for (const candidate of candidates) {
      const workload = workloads.get(candidate.trainerId);
      const meters = distanceMeters(candidate.base, wish.location);
      const removal = removalOf(candidate) ?? booked(workload);
      if (removal) removed.push({ candidate, distanceMeters: meters, removal });
      else ranked.push({ candidate, distanceMeters: meters, score: score(meters, workload) });
    }
    ranked.sort((a, b) => a.score - b.score || byId(a, b));
    removed.sort(byId);
    return { ranked, removed };
  };
}

function booked(workload: Workload | undefined): Removal | null {
  if (!workload) return null;
  if (workload.clashingSessionCount > 0) {
    return { reason: "busy", clashingSessionCount: workload.clashingSessionCount };
  }
  const { overDailyLimit } = workload;
  return overDailyLimit === null ? null : { reason: "daily_limit", clashingSessionCount: overDailyLimit };
}

/** How far away the trainer lives, how much work it has, whether the student knows it: lower is better. */
export function score(
  meters: number,
  workload: Pick<Workload, "bookedSessionCount" | "taughtBefore"> | undefined,
): number {
  const exact =
    (meters / 1000) * SCORE_PER_KILOMETER +
    (workload?.bookedSessionCount ?? 0) * SCORE_PER_BOOKED_SESSION +
    (workload?.taughtBefore ? SCORE_TAUGHT_BEFORE : 0);
  return Math.round(exact * 1000) / 1000;
}

function byId(a: { candidate: Candidate }, b: { candidate: Candidate }): number {
  return a.candidate.trainerId < b.candidate.trainerId ? -1 : 1;
}
