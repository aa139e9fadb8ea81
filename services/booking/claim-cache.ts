import { LRUCache } from "lru-cache";
import { isEarlier } from "./snapshot.ts";
import type { ToldClaim } from "./told-claims.ts";
import { type TrainerClaims, withChanges } from "./trainer-claims.ts";

/**
 * The claims of operators' trainers. Of each operator it is known as of which snapshot of the database they are: each claim is so
 * as of that one, or of a later one. Who is told what has changed since the snapshot so knows all as of a new one.
 */
export interface ClaimCache {
  /** As of when an operator's claims are kept; undefined while none are. */
  asOf(operatorId: string): AsOf | undefined;
  /** What is kept of one of the operator's trainers. */
  get(asOf: AsOf, trainerId: string, sinceMs: number): TrainerClaims | undefined;
  /** Keeps what was told to who knew the claims as of then. */
  keep(operatorId: string, known: AsOf | undefined, told: Told): void;
  /** Forgets what is outdated, and what is kept of another epoch than the database's. */
  forget(operatorId: string, known: AsOf, epoch: string | null): void;
  count(more: Partial<ClaimCounts>): void;
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

export interface Told {
  /** Null while nobody could tell what changes: nothing is kept then. */
  epoch: string | null;
  snapshot: string;
  sinceMs: number;
  /** Claims that have changed, by trainers. */
  changes: ReadonlyMap<string, readonly ToldClaim[]>;
  /** Trainers of whom more than that was told, or of whom it was used: what was known, if anything was, and what is. */
  trainers: ReadonlyMap<string, { before: TrainerClaims | undefined; after: TrainerClaims }>;
}

export interface ClaimCounts {
  /** Trainers who were asked about: whose claims were known and still held, */
  known: number;
  /** had changed, */
  changed: number;
  /** or were not known. */
  unknown: number;
  /** How often it was asked once more, since what was known was outdated. */
  outdated: number;
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
  const counts = { known: 0, changed: 0, unknown: 0, outdated: 0 };
  let epoch: string | null = null;

  function begin(begun: string | null): void {
    if (begun === epoch) return;
    entries.clear();
    ledgers.clear();
    epoch = begun;
  }

  return {
    asOf: (operatorId) => ledgers.get(operatorId),
    get({ ledger }, trainerId, sinceMs) {
      const entry = entries.get(trainerId);
      return entry?.ledger === ledger && entry.claims.sinceMs <= sinceMs ? entry.claims : undefined;
    },
    keep(operatorId, known, told) {
      // What was known was forgotten meanwhile, maybe since it was wrong.
      if (known && known.ledger !== ledgers.get(operatorId)?.ledger) return;
      begin(told.epoch);
      if (told.epoch === null) return;
      const asOf = keepTold(entries, known, ledgers.get(operatorId), told);
      ledgers.set(operatorId, { ...asOf, epoch: told.epoch });
    },
    forget(operatorId, { ledger }, begun) {
      if (ledgers.get(operatorId)?.ledger !== ledger) return;
      ledgers.delete(operatorId);
      begin(begun);
    },
    count(more) {
      for (const key of ["known", "changed", "unknown", "outdated"] as const) counts[key] += more[key] ?? 0;
    },
    counts: () => counts,
    size: () => entries.calculatedSize,
  };
}

/** Keeps what it may of what was told; as of when the operator's claims are then. */
function keepTold(
  entries: LRUCache<string, Entry>,
  known: AsOf | undefined,
  now: AsOf | undefined,
  { snapshot, sinceMs, changes, trainers }: Told,
): Pick<AsOf, "ledger" | "snapshot"> {
  const ledger = now?.ledger ?? {};
  const isOvertaken = now !== undefined && isEarlier(snapshot, now.snapshot);
  // All claims are then as of the new snapshot. Otherwise only who is new is kept, and waits for what has changed meanwhile.
  const bringsAll =
    known !== undefined && now !== undefined && !isOvertaken && !isEarlier(now.snapshot, known.snapshot);
  const done = new Set<string>();
  const kept = (trainerId: string): TrainerClaims | undefined => {
    const entry = entries.peek(trainerId);
    return entry?.ledger === ledger ? entry.claims : undefined;
  };
  const put = (trainerId: string, claims: TrainerClaims): void => {
    entries.set(trainerId, { ledger, claims });
    done.add(trainerId);
  };

  for (const [trainerId, { before, after }] of trainers) {
    const claims = kept(trainerId);
    const isMore = before ? bringsAll && claims === before : !claims || claims.sinceMs > after.sinceMs;
    if (isMore) put(trainerId, after);
  }
  if (bringsAll) {
    for (const [trainerId, changed] of changes) {
      const claims = kept(trainerId);
      if (claims && !done.has(trainerId)) put(trainerId, withChanges(claims, changed, { sinceMs, timesOf: [] }));
    }
  }
  const isAsOfTold = now === undefined || bringsAll || (isOvertaken && done.size > 0);
  return { ledger, snapshot: isAsOfTold ? snapshot : now.snapshot };
}

function bytesOf({ claims: { count, times } }: Entry): number {
  const ofTimes = times.reduce((sum, some) => sum + (some ? TIMES_BYTES + some.byteLength : 0), 0);
  return TRAINER_BYTES + count * CLAIM_BYTES + ofTimes;
}
