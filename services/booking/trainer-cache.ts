import { LRUCache } from "lru-cache";
import { untilAborted } from "../runtime/abort.ts";
import { currentCall, runForAll } from "../runtime/call-context.ts";
import { coalesce } from "../runtime/coalesce.ts";
import type { Candidate } from "./candidate.ts";

/** Where the cache reads, what it counts by and how much it holds. */
export interface TrainerCacheOptions {
  /** Reads up to BULK trainers at once; who does not exist is missing from the answer. */
  load: (trainerIds: string[]) => Promise<Candidate[]>;
  /** A clock that never goes back. */
  nowMs: () => number;
  maxTrainers: number;
}

/** A trainer as it was known, and how long ago that was certain. */
export interface Known {
  candidate: Candidate;
  ageMs: number;
}

/** What the cache has done since it began. */
export interface TrainerCacheCounts {
  hits: number;
  /** Answered with what was older than FRESH_MS, while it was read anew. */
  stale: number;
  misses: number;
  dropped: number;
}

export interface TrainerCache {
  /** A trainer that is known already, however old, without asking anybody. */
  peek(trainerId: string): Known | undefined;
  /** A trainer: at once when it is known, even stale; otherwise from a bulk read that all who miss at once share. */
  get(trainerId: string): Promise<Known | undefined>;
  /** Answers what `read` does, and keeps it, except who changes while it is under way. */
  keep(read: () => Promise<Candidate[]>): Promise<Candidate[]>;
  /** Forgets trainers that have changed. */
  drop(trainerIds: string[]): void;
  /** All changes from now on will be dropped: what is read from here stays certain for as long as `heard` is called. */
  follow(): void;
  /** No change is outstanding at this moment. */
  heard(): void;
  /** When the changes were heard of last; -Infinity before. */
  heardMs(): number;
  /** Whether all changes since then have been heard of. */
  followedSince(readMs: number): boolean;
  counts: Readonly<TrainerCacheCounts>;
  size(): number;
}

interface Entry {
  candidate: Candidate;
  readMs: number;
}

/** As many as one GetTrainers takes. */
const BULK = 500;

/** Young enough to be given away without looking again: twice the heartbeat of WatchTrainers, and some. */
export const FRESH_MS = 2500;
/** Young enough to be given away while it is read anew. */
export const STALE_MS = 30_000;

/**
 * Trainers by id, in bounded memory. What is kept stays certain as long as the changes are followed without a gap, and
 * ages from when it was read otherwise.
 */
export function trainerCache({ load, nowMs, maxTrainers }: TrainerCacheOptions): TrainerCache {
  const counts = { hits: 0, stale: 0, misses: 0, dropped: 0 };
  /** For each read under way, what has changed since it began. */
  const reading = new Set<Set<string>>();
  let followedMs = Number.POSITIVE_INFINITY;
  let heardMs = Number.NEGATIVE_INFINITY;

  const loadOne = coalesce(
    (trainerIds: string[]) =>
      runForAll(async () => new Map((await load(trainerIds)).map((candidate) => [candidate.trainerId, candidate]))),
    BULK,
  );
  const entries = new LRUCache<string, Entry>({
    max: maxTrainers,
    async fetchMethod(trainerId) {
      const readMs = nowMs();
      const candidate = await loadOne(trainerId);
      return candidate && { candidate, readMs };
    },
    // A trainer dropped meanwhile goes to those who wait for it, and is not kept.
    ignoreFetchAbort: true,
    noDeleteOnFetchRejection: true,
  });

  const followedSince = (readMs: number): boolean => readMs >= followedMs;
  const known = ({ candidate, readMs }: Entry): Known => ({
    candidate,
    ageMs: nowMs() - (followedSince(readMs) ? Math.max(readMs, heardMs) : readMs),
  });
  const peek = (trainerId: string): Known | undefined => {
    const entry = entries.get(trainerId);
    return entry && known(entry);
  };
  const refresh = (trainerId: string): Promise<Entry | undefined> => entries.fetch(trainerId, { forceRefresh: true });

  return {
    peek,
    async get(trainerId) {
      const held = peek(trainerId);
      if (held && held.ageMs <= FRESH_MS) {
        counts.hits += 1;
        return held;
      }
      const entry = refresh(trainerId);
      if (held && held.ageMs <= STALE_MS) {
        counts.stale += 1;
        entry.catch(() => undefined);
        return held;
      }
      counts.misses += 1;
      const { signal } = currentCall() ?? {};
      const read = await (signal ? untilAborted(entry, signal) : entry);
      return read && known(read);
    },
    async keep(read) {
      const changed = new Set<string>();
      reading.add(changed);
      const readMs = nowMs();
      try {
        const candidates = await read();
        for (const candidate of candidates) {
          const newer = (entries.peek(candidate.trainerId)?.candidate.version ?? 0) > candidate.version;
          if (!newer && !changed.has(candidate.trainerId)) entries.set(candidate.trainerId, { candidate, readMs });
        }
        return candidates;
      } finally {
        reading.delete(changed);
      }
    },
    drop(trainerIds) {
      for (const trainerId of trainerIds) {
        if (entries.delete(trainerId)) counts.dropped += 1;
        for (const changed of reading) changed.add(trainerId);
      }
    },
    follow() {
      followedMs = nowMs();
      heardMs = followedMs;
    },
    heard() {
      heardMs = nowMs();
    },
    heardMs: () => heardMs,
    followedSince,
    counts,
    size: () => entries.size,
  };
}
