import type { Client } from "@connectrpc/connect";
import { TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import type { SearchFunnel, TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { runForAll } from "../runtime/call-context.ts";
import { DomainError } from "../runtime/errors.ts";
import { isOutage } from "../runtime/outage.ts";
import type { Candidate } from "./candidate.ts";
import type { Wish } from "./eligibility.ts";
import { matchWish, type SearchCounts, teaches } from "./match-wish.ts";
import { ROSTER_SIZE, type Roster, rosters } from "./roster.ts";
import { FRESH_MS, type Known, STALE_MS, type TrainerCacheCounts, trainerCache } from "./trainer-cache.ts";
import { candidateFrom } from "./trainer-facts.ts";

/** How booking asks about trainers: always in bulk, and nowhere else. */
export interface TrainerDirectory {
  /** The trainers who may teach a wish; from the cache where it knows all of them, otherwise as `searchNow`. */
  search(wish: Wish): Promise<Found>;
  /** As the trainer service says, or from the cache when it does not answer. */
  searchNow(wish: Wish): Promise<Found>;
  /** The trainers as they are now; one that is gone is missing from the answer. Without the service: as last known. */
  read(trainerIds: string[]): Promise<Read>;
  /** One trainer, which may be as old as a cache is allowed to be. */
  get(trainerId: string): Promise<Known | undefined>;
  /** To be told what has changed. */
  changes: DirectoryChanges;
  metrics(): DirectoryMetrics;
}

/** Who may teach a wish by course, operator, dates and place; how many each condition left over. */
export interface Found {
  candidates: Candidate[];
  funnel: SearchCounts;
  /** "outage": the service did not answer, the cache did. */
  source: "service" | "cache" | "outage";
  /** How old what is said may be; 0 from the service. */
  ageMs: number;
  /** Nobody is missing. */
  complete: boolean;
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

/** Trainers with all their hours and qualifications, well within what one message may weigh. */
const LIST_PAGE = 250;

/** Refuses with TRAINER_DIRECTORY_UNAVAILABLE when neither the trainer service answers nor the cache can. */
export function trainerDirectory(
  client: Client<typeof TrainerService>,
  { nowMs, maxTrainers, maxAgeMs }: DirectoryOptions,
): TrainerDirectory {
  const load = async (trainerIds: string[]): Promise<Candidate[]> =>
    (await client.getTrainers({ trainerIds })).trainers.map(candidateFrom);
  const cache = trainerCache({ load, nowMs, maxTrainers });
  const kept = rosters(nowMs);
  const listing = new Set<Roster>();

  /** Null unless everybody who may teach the course is known, and well enough. */
  function searchCache(wish: Wish): Found | null {
    const roster = kept.find(wish.courseId, wish.operatorId);
    if (!roster || roster.listedMs === null || !cache.followedSince(roster.listedMs)) return null;
    if (nowMs() - roster.countedMs > STALE_MS || nowMs() - cache.heardMs() > STALE_MS) return null;
    const known = [...roster.trainerIds].map(cache.peek);
    if (!known.every((one): one is Known => one !== undefined && one.ageMs <= STALE_MS)) return null;
    for (const { candidate, ageMs } of known) {
      if (ageMs > FRESH_MS) cache.get(candidate.trainerId).catch(() => undefined);
    }
    return foundIn(roster, wish, known, "cache");
  }

  function searchInOutage(wish: Wish): Found | null {
    const roster = kept.find(wish.courseId, wish.operatorId);
    if (!roster) return null;
    const known = [...roster.trainerIds].map(cache.peek).filter((one) => one !== undefined);
    const found = foundIn(
      roster,
      wish,
      known.filter(({ ageMs }) => ageMs <= maxAgeMs),
      "outage",
    );
    return found.ageMs <= maxAgeMs ? found : null;
  }

  function foundIn(roster: Roster, wish: Wish, known: Known[], source: Found["source"]): Found {
    const { candidates, ...counts } = matchWish(
      wish,
      known.map(({ candidate }) => candidate),
    );
    const followed = roster.listedMs !== null && cache.followedSince(roster.listedMs);
    const membersMs = followed ? cache.heardMs() : (roster.listedMs ?? roster.countedMs);
    const teachCourse = roster.othersTeachCourse + counts.sameOperator;
    return {
      candidates,
      funnel: { ...counts, teachCourse, active: Math.max(roster.active, teachCourse) },
      source,
      ageMs: known.reduce((oldest, { ageMs }) => Math.max(oldest, ageMs), nowMs() - membersMs),
      complete: roster.listedMs !== null && known.length === roster.trainerIds.size,
    };
  }

  async function searchService(wish: Wish): Promise<Found> {
    const { courseId, operatorId, location, slots } = wish;
    const dates = [...new Set(slots.map(({ localStartTime }) => localStartTime.toPlainDate().toString()))];
    let funnel: SearchFunnel | undefined;
    const candidates = await cache.keep(async () => {
      const answer = await client.searchTrainers({ courseId, operatorId, point: location, dates });
      funnel = answer.funnel;
      return answer.matches.flatMap(({ trainer }) => (trainer ? [candidateFrom(trainer)] : []));
    });
    if (!funnel) throw new TypeError("SearchTrainers answered without a funnel");
    const trainerIds = candidates.map(({ trainerId }) => trainerId);
    const roster = kept.found(courseId, operatorId, { trainerIds, funnel });
    if (funnel.sameOperator <= ROSTER_SIZE) complete(roster);
    return { candidates, funnel, source: "service", ageMs: 0, complete: true };
  }

  /** Lists a roster's members behind the searches, which do not wait for it. Without a watch it would age at once. */
  function complete(roster: Roster): void {
    if (!cache.followedSince(nowMs()) || listing.has(roster)) return;
    if (roster.listedMs !== null && cache.followedSince(roster.listedMs)) return;
    listing.add(roster);
    runForAll(() => listMembers(roster))
      // The next search tries again.
      .catch(() => undefined)
      .finally(() => listing.delete(roster));
  }

  async function listMembers(roster: Roster): Promise<void> {
    const { courseId, operatorId } = roster;
    const statuses = [TrainerStatus.ACTIVE];
    for (const trainerId of roster.trainerIds) {
      const known = cache.peek(trainerId);
      if (known && !teaches(known.candidate, roster)) roster.trainerIds.delete(trainerId);
    }
    const listedMs = nowMs();
    const members = new Set<string>();
    let pageToken = "";
    do {
      const candidates = await cache.keep(async () => {
        const page = await client.listTrainers({ operatorId, courseId, statuses, pageSize: LIST_PAGE, pageToken });
        pageToken = page.nextPageToken;
        return page.trainers.map(candidateFrom);
      });
      for (const { trainerId } of candidates) members.add(trainerId);
      if (members.size > ROSTER_SIZE) return;
    } while (pageToken !== "");
    for (const trainerId of members) roster.trainerIds.add(trainerId);
    roster.listedMs = listedMs;
  }

  const recall = (trainerIds: string[]): Read => {
    const known = trainerIds.map(cache.peek).filter((one) => one !== undefined && one.ageMs <= maxAgeMs);
    const candidates = known.flatMap((one) => one?.candidate ?? []);
    if (candidates.length === 0) throw trainersUnavailable();
    return { candidates, ageMs: known.reduce((oldest, one) => Math.max(oldest, one?.ageMs ?? 0), 0) };
  };
  const searchNow = (wish: Wish): Promise<Found> =>
    searchService(wish).catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      const found = searchInOutage(wish);
      if (!found) throw trainersUnavailable();
      return found;
    });

  const searches = { cache: 0, service: 0, outage: 0 };
  const counted = (found: Found): Found => {
    searches[found.source] += 1;
    return found;
  };

  return {
    search: async (wish) => counted(searchCache(wish) ?? (await searchNow(wish))),
    searchNow: async (wish) => counted(await searchNow(wish)),
    async read(trainerIds) {
      try {
        return { candidates: await cache.keep(() => load(trainerIds)), ageMs: null };
      } catch (error) {
        if (!isOutage(error)) throw error;
        return recall(trainerIds);
      }
    },
    get: cache.get,
    changes: {
      begun: cache.follow,
      told(changes, more) {
        cache.drop(changes.map(({ trainerId }) => trainerId));
        for (const { trainerId, operatorId } of changes) {
          if (kept.add(operatorId, trainerId)) cache.get(trainerId).catch(() => undefined);
        }
        if (!more) cache.heard();
      },
    },
    metrics: () => ({ ...cache.counts, searches, trainers: cache.size(), ageMs: nowMs() - cache.heardMs() }),
  };
}

/** Neither the service nor the cache can tell. */
export function trainersUnavailable(): DomainError {
  const message = "The trainers cannot be read at the moment; nothing was decided. Try again with the same request_id.";
  return new DomainError("unavailable", "TRAINER_DIRECTORY_UNAVAILABLE", message);
}
