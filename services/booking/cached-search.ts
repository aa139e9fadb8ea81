import type { Client } from "@connectrpc/connect";
import { TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import type { SearchFunnel, TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { runForAll } from "../runtime/call-context.ts";
import { askForLess } from "./ask-for-less.ts";
import type { Candidate } from "./candidate.ts";
import type { Wish } from "./eligibility.ts";
import { matchWish, type SearchCounts, teaches } from "./match-wish.ts";
import { ROSTER_SIZE, type Roster, rosters } from "./roster.ts";
import { FRESH_MS, type Known, STALE_MS, type TrainerCache } from "./trainer-cache.ts";
import { candidateFrom } from "./trainer-facts.ts";

/** Who may teach a wish by course, operator, dates and place; how many each condition left over. */
export interface Found {
  candidates: Candidate[];
  funnel: SearchCounts;
  /** "outage": the service did not answer, the cache did. */
  source: "service" | "cache" | "outage";
  /** How old what is said may be; 0 from the service. */
  ageMs: number;
  /** Everybody is known of. */
  complete: boolean;
  /** Where those who are farther away are to be had; empty when there are none. */
  nextPageToken: string;
}

/** Searches among trainers who are known. */
export interface CachedSearch {
  /** Null unless everybody who may teach the course is known, and well enough. */
  search(wish: Wish): Found | null;
  /** What is known at all, and not too old; null when that is nothing. */
  searchInOutage(wish: Wish): Found | null;
  /** To be told what the trainer service has found. */
  found(wish: Wish, found: { candidates: Candidate[]; funnel: SearchFunnel }): void;
  /** A trainer changed who may teach for the operator. Tells whether anybody is likely to ask for it. */
  changed(operatorId: string, trainerId: string): boolean;
}

/** Trainers with all their hours and qualifications, mostly well within what one message may weigh. */
const LIST_PAGE = 250;

/** Learns who teaches a course for an operator behind the searches for it. */
export function cachedSearch(
  client: Pick<Client<typeof TrainerService>, "listTrainers">,
  cache: TrainerCache,
  { nowMs, maxAgeMs }: { nowMs: () => number; maxAgeMs: number },
): CachedSearch {
  const kept = rosters(nowMs);
  const listing = new Set<Roster>();

  function search(wish: Wish): Found | null {
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
      nextPageToken: "",
    };
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
        const page = await askForLess(LIST_PAGE, (pageSize) =>
          client.listTrainers({ operatorId, courseId, statuses, pageSize, pageToken }),
        );
        pageToken = page.nextPageToken;
        return page.trainers.map(candidateFrom);
      });
      for (const { trainerId } of candidates) members.add(trainerId);
      if (members.size > ROSTER_SIZE) return;
    } while (pageToken !== "");
    for (const trainerId of members) roster.trainerIds.add(trainerId);
    roster.listedMs = listedMs;
  }

  return {
    search,
    searchInOutage,
    found({ courseId, operatorId }, { candidates, funnel }) {
      const trainerIds = candidates.map(({ trainerId }) => trainerId);
      const roster = kept.found(courseId, operatorId, { trainerIds, funnel });
      if (funnel.sameOperator <= ROSTER_SIZE) complete(roster);
    },
    changed: kept.add,
  };
}
