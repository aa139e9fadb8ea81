import type { Attempt } from "./attempt.ts";
import { findAvailability } from "./availability.ts";
import type { CourseFacts } from "./book-queries.ts";
import { noTrainerAvailable, studentAlreadyBooked } from "./booking-refusals.ts";
import type { Found } from "./cached-search.ts";
import type { Candidate } from "./candidate.ts";
import { courseMissing } from "./course.ts";
import { type Funnel, type Judged, judgedBy } from "./decision.ts";
import type { BookingDeps } from "./deps.ts";
import type { Wish } from "./eligibility.ts";
import { closedOnHolidays } from "./public-holidays.ts";
import { type Ranked, rank, ranker, type Workload } from "./ranking.ts";
import { expand, type Schedule } from "./schedule.ts";
import { checkAssignments } from "./team.ts";
import { trainersUnavailable } from "./trainer-directory.ts";
import { noZoneCovers, type Zone } from "./zone.ts";

/** How many of the best are read fresh and offered to the database. */
export const SHORTLIST = 10;

/** What an attempt is about, once it is known that there is such a thing. */
export interface Terms {
  course: CourseFacts;
  zone: Zone;
}

/** Sets the attempt's sessions. Refuses what is not there, and a schedule that cannot be. */
export async function settle(attempt: Attempt, schedule: Schedule, now: Temporal.Instant): Promise<Terms> {
  const { course, zone } = attempt;
  if (!course) throw courseMissing(attempt.courseId);
  if (!zone) throw noZoneCovers(attempt.location);
  attempt.slots = expand(await closedOnHolidays(schedule, zone, now), course, zone.timeZone, now);
  checkAssignments(attempt.assignments, course.sessionCount);
  return { course, zone };
}

/**
 * Who could give all sessions, best first, as the directory says just now: one search and one read at most, unless it has
 * to look again because the best may not teach any more, because the cache knew nobody, or farther away. `attempt.judged` then tells how
 * it came to that. Refuses when there is nobody.
 */
export async function findShortlist(
  deps: BookingDeps,
  attempt: Attempt,
  { course, zone }: Terms,
  now: Temporal.Instant,
): Promise<Ranked[]> {
  const { trainers } = deps;
  const { courseId, studentId, location, slots } = attempt;
  const { operatorId } = zone;
  const wish: Wish = { courseId, operatorId, location, slots };
  let found = await trainers.search(wish);
  let readNow = false;
  const byId = new Map<string, Workload>();
  for (;;) {
    attempt.found = found;
    const candidates = found.candidates.filter(({ trainerId }) => !byId.has(trainerId));
    const { studentClashes, workloads } = await findAvailability(deps, {
      operatorId,
      studentId,
      slots,
      candidates,
      now,
    });
    attempt.studentClashes = studentClashes;
    const clashes = new Set(studentClashes);
    if (clashes.size > 0) throw studentAlreadyBooked(slots.filter(({ sequence }) => clashes.has(sequence)));

    for (const workload of workloads) byId.set(workload.trainerId, workload);
    const surely = readNow || found.source === "outage";
    const { shortlist, judged } = surely ? asFound(wish, found, byId) : await choose(trainers, wish, found, byId);
    attempt.judged = judged;
    if (shortlist.length > 0) return shortlist;
    if (found.source === "cache") {
      // A cache may advise, but nobody is refused on its word.
      byId.clear();
      found = await trainers.searchNow(wish);
      readNow = true;
      continue;
    }
    if (!found.complete) throw trainersUnavailable();
    const farther = await trainers.searchFarther(wish, found);
    if (!farther) throw noTrainerAvailable(judged.funnel, course.sessionCount);
    found = farther;
  }
}

interface Chosen {
  shortlist: Ranked[];
  judged: Judged & { funnel: Funnel };
}

function asFound(wish: Wish, { candidates, funnel, source, ageMs }: Found, workloads: Map<string, Workload>): Chosen {
  const ranking = rank(wish, candidates, workloads);
  const directoryAgeMs = source === "outage" ? ageMs : null;
  const judged = judgedBy(funnel, ranking, { workloads, gone: new Set(), directoryAgeMs });
  return { shortlist: ranking.ranked.slice(0, SHORTLIST), judged };
}

/**
 * Judges all by what the directory says of the best now, until the best of all is one who was read: nobody is on the
 * shortlist who was not, or after somebody who was not.
 */
async function choose(
  trainers: BookingDeps["trainers"],
  wish: Wish,
  found: Found,
  workloads: Map<string, Workload>,
): Promise<Chosen> {
  const read = new Set<string>();
  const gone = new Set<string>();
  const rankKnown = ranker(wish);
  let known = new Map(found.candidates.map((candidate) => [candidate.trainerId, candidate]));
  let directoryAgeMs: number | null = null;
  for (;;) {
    const ranking = rankKnown([...known.values()], workloads);
    const unread = ranking.ranked.findIndex(({ candidate }) => !read.has(candidate.trainerId));
    const shortlist = unread < 0 ? ranking.ranked : ranking.ranked.slice(0, unread);
    if (shortlist.length > 0 || unread < 0) {
      return { shortlist, judged: judgedBy(found.funnel, ranking, { workloads, gone, directoryAgeMs }) };
    }
    const best = ranking.ranked.slice(0, SHORTLIST).map(({ candidate }) => candidate.trainerId);
    const { candidates, ageMs } = await trainers.read(best);
    known = withFresh(known, best, candidates, ageMs);
    const there = new Set(candidates.map(({ trainerId }) => trainerId));
    for (const trainerId of best) if (ageMs === null && !there.has(trainerId)) gone.add(trainerId);
    if (ageMs !== null) directoryAgeMs = Math.max(directoryAgeMs ?? 0, ageMs);
    for (const trainerId of best) read.add(trainerId);
  }
}

/** Who is missing from the directory's answer is no longer there; of whom is missing from a cache's, nothing is known. */
function withFresh(
  known: Map<string, Candidate>,
  asked: string[],
  answered: Candidate[],
  ageMs: number | null,
): Map<string, Candidate> {
  const fresh = new Map(known);
  const answers = new Map(answered.map((candidate) => [candidate.trainerId, candidate]));
  for (const trainerId of asked) {
    const before = known.get(trainerId);
    const answer = answers.get(trainerId);
    if (answer) fresh.set(trainerId, answer);
    else if (ageMs !== null) fresh.delete(trainerId);
    else if (before) fresh.set(trainerId, { ...before, active: false });
  }
  return fresh;
}
