import { LRUCache } from "lru-cache";
import { isEarlier } from "./snapshot.ts";
import type { ToldClaim } from "./told-claims.ts";
import { type TrainerClaims, withChanges } from "./trainer-claims.ts";

/**
 * The claims of operators' trainers, all of an operator's as of one snapshot of the database, which tells what has changed
 * since. What it tells brings all of them there.
 */
export interface ClaimCache {
  /** As of when an operator's claims are kept; undefined while none are. */
  asOf(operatorId: string): AsOf | undefined;
  /** What is kept of one of the operator's trainers. */
  get(asOf: AsOf, trainerId: string, sinceMs: number): TrainerClaims | undefined;
  /** Keeps what was told to who asked what has changed since, unless something later has been told meanwhile. */
  keep(operatorId: string, asked: AsOf | undefined, told: ToldClaims): void;
  /** Forgets what is outdated, and all that is kept of other epochs than the database's. */
  forget(operatorId: string, asked: AsOf | undefined, epoch: string | null): void;
  count(more: ClaimCounts): void;
  counts(): Readonly<ClaimCounts>;
  /** About how many bytes are taken. */
  size(): number;
}

export interface AsOf {
  readonly epoch: string;
  readonly snapshot: string;
  /** The same one for as long as nothing was forgotten. */
  readonly ledger: object;
}

export interface ToldClaims {
  /** Null while nobody could tell what changes: nothing is kept then. */
  epoch: string | null;
  snapshot: string;
  sinceMs: number;
  /** Claims that have changed, by trainers. */
  changes: ReadonlyMap<string, readonly ToldClaim[]>;
  /** Of some trainers, whatever has been read or has changed of them, with the changes. */
  claims: ReadonlyMap<string, TrainerClaims>;
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

interface Entry {
  ledger: object;
  claims: TrainerClaims;
}

export function claimCache({ maxBytes }: { maxBytes: number }): ClaimCache {
  const entries = new LRUCache<string, Entry>({ maxSize: maxBytes, sizeCalculation: bytesOf });
  const ledgers = new Map<string, AsOf>();
  const counts = { known: 0, changed: 0, unknown: 0 };
  let epoch: string | null = null;

  function begin(begun: string | null): void {
    if (begun === epoch) return;
    entries.clear();
    ledgers.clear();
    epoch = begun;
  }

  function put(ledger: object, trainerId: string, claims: TrainerClaims): void {
    entries.delete(trainerId); // Of the same object it would not look how large it is now.
    entries.set(trainerId, { ledger, claims });
  }

  return {
    asOf: (operatorId) => ledgers.get(operatorId),
    get({ ledger }, trainerId, sinceMs) {
      const entry = entries.get(trainerId);
      return entry?.ledger === ledger && entry.claims.sinceMs <= sinceMs ? entry.claims : undefined;
    },
    keep(operatorId, asked, { epoch: told, snapshot, sinceMs, changes, claims }) {
      begin(told);
      const now = ledgers.get(operatorId);
      if (told === null || now?.ledger !== asked?.ledger || (now && isEarlier(snapshot, now.snapshot))) return;
      const ledger = now?.ledger ?? {};
      for (const [trainerId, changed] of changes) {
        const entry = entries.peek(trainerId);
        if (entry?.ledger !== ledger || claims.has(trainerId)) continue;
        put(ledger, trainerId, withChanges(entry.claims, changed, sinceMs));
      }
      for (const [trainerId, some] of claims) put(ledger, trainerId, some);
      ledgers.set(operatorId, { epoch: told, snapshot, ledger });
    },
    forget(operatorId, asked, begun) {
      begin(begun);
      if (ledgers.get(operatorId)?.ledger === asked?.ledger) ledgers.delete(operatorId);
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

function bytesOf({ claims: { count, times } }: Entry): number {
  const ofTimes = times.reduce((sum, some) => sum + (some ? TIMES_BYTES + some.byteLength : 0), 0);
  return TRAINER_BYTES + count * CLAIM_BYTES + ofTimes;
}
