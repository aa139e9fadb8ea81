import { LRUCache } from "lru-cache";
import type { TrainerClaims } from "./trainer-claims.ts";

/** The claims of trainers as they were read last, by the trainers' ids. */
export interface ClaimCache {
  /** As of when they hold is for the database to say: it is asked for news with each use. */
  get(operatorId: string, trainerId: string, sinceMs: number): TrainerClaims | undefined;
  /** Keeps what was read, unless what is kept was read later. */
  keep(trainerId: string, claims: TrainerClaims): void;
  /** What `pg_postmaster_start_time` was where they were read: another server may count its transactions anew. */
  readonly server: string;
  /** Forgets everything that another server said. */
  answeredBy(server: string): void;
  nowMs(): number;
  counts: Readonly<ClaimCounts>;
  /** How many claims are kept. */
  size(): number;
}

/** What the cache has done since it began, by trainers. */
export interface ClaimCounts {
  known: number;
  read: number;
}

/**
 * For how long it may not have been asked whether there is any news: a third of how long that is to be had, so that it
 * comes in time also from a transaction that took as long.
 */
const MAX_UNCHECKED_MS = 5 * 60_000;

/** For how long the database notes whose claims have changed. */
export const NOTED_MINUTES = 15;

export function claimCache({ maxClaims, nowMs }: { maxClaims: number; nowMs: () => number }): ClaimCache {
  const entries = new LRUCache<string, TrainerClaims>({
    maxSize: maxClaims,
    sizeCalculation: ({ count }) => 1 + count,
  });
  const counts = { known: 0, read: 0 };
  let server = "";
  return {
    get(operatorId, trainerId, sinceMs) {
      const claims = entries.get(trainerId);
      const usable =
        claims?.operatorId === operatorId && claims.sinceMs <= sinceMs && nowMs() - claims.checkedMs < MAX_UNCHECKED_MS;
      counts[usable ? "known" : "read"] += 1;
      return usable ? claims : undefined;
    },
    keep(trainerId, claims) {
      const kept = entries.peek(trainerId);
      if (!kept || kept.news <= claims.news) entries.set(trainerId, claims);
    },
    get server() {
      return server;
    },
    answeredBy(answered) {
      if (server === answered) return;
      entries.clear();
      server = answered;
    },
    nowMs,
    counts,
    size: () => entries.calculatedSize,
  };
}
