import type { Database } from "../runtime/database.ts";
import { askClaims, type Wish } from "./ask-claims.ts";
import type { ClaimCache } from "./claim-cache.ts";
import { clashesOf, sessionsAfter } from "./held-claims.ts";
import { needOf } from "./need.ts";
import type { Workload } from "./ranking.ts";

export interface Availability {
  /** Sequences of the slots in which the student has a lesson already, with any operator. */
  studentClashes: number[];
  workloads: Workload[];
}

const MINUTE_MS = 60_000;

/** How free the student and all candidates are, at one moment of the database. The caller may see the operator's claims. */
export async function findAvailability(
  deps: { db: Database; claims: ClaimCache },
  { now, ...wish }: Wish & { now: Temporal.Instant },
): Promise<Availability> {
  const need = needOf(wish.slots, wish.candidates, now.epochMilliseconds);
  const { held, overDailyLimits, studentClashes, taughtBefore } = await askClaims(deps, wish, need);
  const workloads = held.map((one, index) => {
    const { trainerId = "", bufferMinutes = 0 } = wish.candidates[index] ?? {};
    return {
      trainerId,
      bookedSessionCount: sessionsAfter(one.claims, need.nowMs),
      clashingSessionCount: clashesOf(one, need, bufferMinutes * MINUTE_MS),
      overDailyLimit: overDailyLimits.get(trainerId) || null,
      taughtBefore: taughtBefore.has(trainerId),
    };
  });
  return { studentClashes, workloads };
}
