import { LRUCache } from "lru-cache";
import { runForAll } from "../runtime/call-context.ts";
import { coalesce } from "../runtime/coalesce.ts";
import { type Franchises, readFranchiseName } from "./read-franchise-name.ts";
import { readTrainerNames, type Trainers } from "./read-trainer-names.ts";

/** A certificate is issued once, and states a name as it was less than this before. */
const FRESH_MS = 60_000;
const MOST_NAMES = 20_000;
/** As many as one GetTrainers takes. */
const BULK = 500;

/** What trainers and franchises are called. */
export interface Names {
  /** By trainer_id; whoever is not there any more is left out. */
  ofTrainers(trainerIds: Iterable<string>): Promise<ReadonlyMap<string, string>>;
  ofFranchise(franchiseId: string): Promise<string>;
}

/**
 * Names in bounded memory: jobs that want one at once share a read, and different ones, asked for in one turn, share a
 * call. Nothing is kept of a read that failed, nor of who was not found.
 */
export function names({ trainers, franchises }: { trainers: Trainers; franchises: Franchises }): Names {
  const readOne = coalesce((trainerIds: string[]) => readTrainerNames(trainers, trainerIds), BULK);
  const options = { max: MOST_NAMES, ttl: FRESH_MS };
  const ofTrainer = new LRUCache<string, string>({ ...options, fetchMethod: readOne });
  const ofFranchise = new LRUCache<string, string>({
    ...options,
    fetchMethod: (franchiseId) => readFranchiseName(franchises, franchiseId),
  });
  return {
    ofTrainers(trainerIds) {
      return runForAll(async () => {
        const found = await Promise.all(
          Array.from(trainerIds, async (trainerId) => [trainerId, await ofTrainer.fetch(trainerId)] as const),
        );
        return new Map(found.filter((one): one is [string, string] => one[1] !== undefined));
      });
    },
    ofFranchise: (franchiseId) => runForAll(() => ofFranchise.forceFetch(franchiseId)),
  };
}
