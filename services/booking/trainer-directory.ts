import type { Client } from "@connectrpc/connect";
import type { Trainer } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import type { SearchFunnel, TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { isOutage } from "../runtime/outage.ts";
import { askForLess } from "./ask-for-less.ts";
import { cachedSearch, type Found } from "./cached-search.ts";
import type { Candidate } from "./candidate.ts";
import type { Wish } from "./eligibility.ts";
import { readTogether } from "./read-together.ts";
import { type Known, type TrainerCacheCounts, trainerCache } from "./trainer-cache.ts";
import { candidateFrom } from "./trainer-facts.ts";

/** How booking asks about trainers: always in bulk, and nowhere else. */
export interface TrainerDirectory {
  /** The trainers who may teach a wish; from the cache where it knows all of them, otherwise as `searchNow`. */
  search(wish: Wish): Promise<Found>;
  /** As the trainer service says, or from the cache when it does not answer: the nearest thousand. */
  searchNow(wish: Wish): Promise<Found>;
  /** What was found, and the next thousand: null when there are no others, or when as many were found as are looked at. */
  searchFarther(wish: Wish, found: Found): Promise<Found | null>;
  /** The trainers as they are now; one that is gone is missing from the answer. Without the service: as last known. */
  read(trainerIds: string[]): Promise<Read>;
  /** Trainers of an operator as they once were; one that is not kept is missing. Never from the cache. */
  versions(operatorId: string, wanted: { trainerId: string; version: number }[]): Promise<Candidate[]>;
  /** One trainer, which may be as old as a cache is allowed to be. */
  get(trainerId: string): Promise<Known | undefined>;
  /** To be told what has changed. */
  changes: DirectoryChanges;
  metrics(): DirectoryMetrics;
}

export interface Read {
  candidates: Candidate[];
  /** Null: read just now. Otherwise the service did not answer, and this is how old the answer is. */
  ageMs: number | null;
}

export interface DirectoryChanges {
  /** A watch without a position has begun. */
  begun(): void;
  /** These changed; `more` when others may have and are told next. */
  told(changes: { trainerId: string; operatorId: string }[], more: boolean): void;
}

/** Counts since the start, but for `trainers` and `ageMs`. */
export interface DirectoryMetrics extends TrainerCacheCounts {
  searches: Record<Found["source"], number>;
  /** How many trainers are kept. */
  trainers: number;
  /** Since when nothing has been heard of changes. */
  ageMs: number;
}

export interface DirectoryOptions {
  /** A clock that never goes back. */
  nowMs: () => number;
  maxTrainers: number;
  /** How old an answer may be while the service does not answer. */
  maxAgeMs: number;
}

/** Of the trainers who reach a place, so many are looked at: a decision names all of them. */
const MAX_CANDIDATES = 5000;
/** As many as a search finds at once. */
const SEARCH_PAGE = 1000;
/** As many as one GetTrainers takes. */
const MAX_TRAINERS = 500;
/** As many as one GetTrainerVersions takes. */
const MAX_VERSIONS = 500;

/** Refuses with TRAINER_DIRECTORY_UNAVAILABLE when neither the trainer service answers nor the cache can. */
export function trainerDirectory(
  client: Client<typeof TrainerService>,
  { nowMs, maxTrainers, maxAgeMs }: DirectoryOptions,
): TrainerDirectory {
  const load = (trainerIds: string[]): Promise<Candidate[]> =>
    inChunks(trainerIds, Math.min(trainerIds.length, MAX_TRAINERS), (some) => client.getTrainers({ trainerIds: some }));
  const cache = trainerCache({ load, nowMs, maxTrainers });
  const known = cachedSearch(client, cache, { nowMs, maxAgeMs });

  const readNow = readTogether((trainerIds) => cache.keep(() => load(trainerIds)));

  async function searchPage(wish: Wish, pageToken: string) {
    const { courseId, operatorId, location, slots } = wish;
    const dates = [...new Set(slots.map(({ localStartTime }) => localStartTime.toPlainDate().toString()))];
    let funnel: SearchFunnel | undefined;
    let nextPageToken = "";
    const candidates = await cache.keep(async () => {
      const answer = await askForLess(SEARCH_PAGE, (maxResults) =>
        client.searchTrainers({ courseId, operatorId, point: location, dates, maxResults, pageToken }),
      );
      ({ funnel, nextPageToken } = answer);
      return answer.matches.flatMap(({ trainer }) => (trainer ? [candidateFrom(trainer)] : []));
    });
    if (!funnel) throw new TypeError("SearchTrainers answered without a funnel");
    return { candidates, funnel, nextPageToken };
  }

  async function searchService(wish: Wish): Promise<Found> {
    const page = await searchPage(wish, "");
    known.found(wish, page);
    return { ...page, source: "service", ageMs: 0, complete: true };
  }

  async function searchFarther(wish: Wish, found: Found): Promise<Found | null> {
    if (found.nextPageToken === "" || found.candidates.length >= MAX_CANDIDATES) return null;
    const page = await searchPage(wish, found.nextPageToken).catch((error: unknown) => {
      throw isOutage(error) ? trainersUnavailable() : error;
    });
    const before = new Set(found.candidates.map(({ trainerId }) => trainerId));
    const candidates = [...found.candidates, ...page.candidates.filter(({ trainerId }) => !before.has(trainerId))];
    const reachPoint = before.size + page.funnel.reachPoint;
    return { ...found, candidates, funnel: { ...found.funnel, reachPoint }, nextPageToken: page.nextPageToken };
  }

  const recall = (trainerIds: string[]): Read => {
    const recent = trainerIds
      .flatMap((trainerId) => cache.peek(trainerId) ?? [])
      .filter(({ ageMs }) => ageMs <= maxAgeMs);
    if (recent.length === 0) throw trainersUnavailable();
    return {
      candidates: recent.map(({ candidate }) => candidate),
      ageMs: Math.max(...recent.map(({ ageMs }) => ageMs)),
    };
  };
  const searchNow = (wish: Wish): Promise<Found> =>
    searchService(wish).catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      const found = known.searchInOutage(wish);
      if (!found) throw trainersUnavailable();
      return found;
    });

  const searches = { cache: 0, service: 0, outage: 0 };
  const counted = (found: Found): Found => {
    searches[found.source] += 1;
    return found;
  };

  return {
    search: async (wish) => counted(known.search(wish) ?? (await searchNow(wish))),
    searchNow: async (wish) => counted(await searchNow(wish)),
    searchFarther: async (wish, found) => {
      const farther = await searchFarther(wish, found);
      return farther && counted(farther);
    },
    async read(trainerIds) {
      try {
        return { candidates: await readNow(trainerIds), ageMs: null };
      } catch (error) {
        if (!isOutage(error)) throw error;
        return recall(trainerIds);
      }
    },
    async versions(operatorId, wanted) {
      const versions = wanted.map(({ trainerId, version }) => ({ trainerId, version: BigInt(version) }));
      return inChunks(versions, MAX_VERSIONS, (some) => {
        return client.getTrainerVersions({ operatorId, versions: some }).catch((error: unknown) => {
          throw isOutage(error) ? trainersUnavailable() : error;
        });
      });
    },
    get: cache.get,
    changes: {
      begun: cache.follow,
      told(changes, more) {
        cache.drop(changes.map(({ trainerId }) => trainerId));
        for (const { trainerId, operatorId } of changes) {
          if (known.changed(operatorId, trainerId)) cache.get(trainerId).catch(() => undefined);
        }
        if (!more) cache.heard();
      },
    },
    metrics: () => ({ ...cache.counts, searches, trainers: cache.size(), ageMs: nowMs() - cache.heardMs() }),
  };
}

/** All of them, so many in a call, and fewer where they weigh too much for that. */
function inChunks<T>(wanted: T[], most: number, ask: (some: T[]) => Promise<{ trainers: Trainer[] }>) {
  return askForLess(most, async (size) => {
    const candidates: Candidate[] = [];
    for (let at = 0; at < wanted.length; at += size) {
      const { trainers } = await ask(wanted.slice(at, at + size));
      candidates.push(...trainers.map(candidateFrom));
    }
    return candidates;
  });
}

/** Neither the service nor the cache can tell. */
export function trainersUnavailable(): DomainError {
  const message = "The trainers cannot be read at the moment; nothing was decided. Try again with the same request_id.";
  return new DomainError("unavailable", "TRAINER_DIRECTORY_UNAVAILABLE", message);
}
