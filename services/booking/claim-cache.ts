import { LRUCache } from "lru-cache";
import type { TrainerClaims } from "./trainer-claims.ts";

/** The claims of trainers as they were read last, by the trainers' ids. Whether they still hold is for the database to say. */
export interface ClaimCache {
  get(operatorId: string, trainerId: string, sinceMs: number): TrainerClaims | undefined;
  /** Keeps what was read, unless what is kept was read later, and counts how large it is now. */
  keep(trainerId: string, claims: TrainerClaims): void;
  /** The epoch of what is kept; null while nothing can be. */
  readonly epoch: string | null;
  /** Forgets what was read in another epoch. */
  begin(epoch: string | null): void;
  count(more: ClaimCounts): void;
  counts(): Readonly<ClaimCounts>;
  /** About how many bytes are taken. */
  size(): number;
}

/** Trainers who were asked about: whose claims were known and still held, had changed, or were not known. */
export interface ClaimCounts {
  known: number;
  changed: number;
  unknown: number;
}

/** What an object of six arrays and its entry take, and what each claim and each time of it adds. */
const TRAINER_BYTES = 1300;
const CLAIM_BYTES = 60;
const TIMES_BYTES = 200;

export function claimCache({ maxBytes }: { maxBytes: number }): ClaimCache {
  const entries = new LRUCache<string, TrainerClaims>({ maxSize: maxBytes, sizeCalculation: bytesOf });
  const counts = { known: 0, changed: 0, unknown: 0 };
  let epoch: string | null = null;
  return {
    get(operatorId, trainerId, sinceMs) {
      const claims = entries.get(trainerId);
      return claims?.operatorId === operatorId && claims.sinceMs <= sinceMs ? claims : undefined;
    },
    keep(trainerId, claims) {
      if (epoch === null || (entries.peek(trainerId)?.news ?? 0n) > claims.news) return;
      entries.delete(trainerId); // Of the same object it would not look how large it is now.
      entries.set(trainerId, claims);
    },
    get epoch() {
      return epoch;
    },
    begin(begun) {
      if (begun !== epoch) entries.clear();
      epoch = begun;
    },
    count({ known, changed, unknown }) {
      counts.known += known;
      counts.changed += changed;
      counts.unknown += unknown;
    },
    counts: () => counts,
    size: () => entries.calculatedSize,
  };
}

function bytesOf({ count, times }: TrainerClaims): number {
  const ofTimes = times.reduce((sum, some) => sum + (some ? TIMES_BYTES + some.byteLength : 0), 0);
  return TRAINER_BYTES + count * CLAIM_BYTES + ofTimes;
}
