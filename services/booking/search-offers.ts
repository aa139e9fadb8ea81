import { DomainError } from "../runtime/errors.ts";
import type { Attempt } from "./attempt.ts";
import type { Candidate } from "./candidate.ts";
import type { BookingDeps } from "./deps.ts";
import { findDiaries } from "./diary-queries.ts";
import { judge, reaches, type Wish } from "./eligibility.ts";
import { diarySpan, findOffers } from "./find-offers.ts";
import { distanceMeters } from "./geo.ts";
import type { Offer } from "./offer.ts";
import { closedOnHolidays } from "./public-holidays.ts";
import type { Closure, Schedule } from "./schedule.ts";
import type { Zone } from "./zone.ts";

/** Whose diaries are looked into. */
const MAX_CANDIDATES = 20;

const REASONS = new Set(["NO_TRAINER_AVAILABLE", "STUDENT_ALREADY_BOOKED"]);

/**
 * Ways out of a refusal for want of a trainer or of the student's time. One round trip to the database, and one call where
 * trainers may have been left out for their dates, or are known from memory only.
 */
export async function searchOffers(
  { db, trainers }: BookingDeps,
  attempt: Attempt,
  { reason }: DomainError,
  schedule: Schedule,
  now: Temporal.Instant,
): Promise<Offer[]> {
  const { courseId, studentId, location, slots, zone, found } = attempt;
  if (!REASONS.has(reason) || !zone || !found) return [];
  const { operatorId, timeZone } = zone;
  const wish: Wish = { courseId, operatorId, location, slots };

  const someLeftOut = found.source === "cache" || found.funnel.sameOperator > found.funnel.qualifiedOnEveryDate;
  const everybody = someLeftOut ? await trainers.searchNow({ ...wish, slots: [] }).catch(unlessUnavailable) : found;
  const candidates = mostPromising(wish, attempt, everybody?.candidates ?? []);
  if (candidates.length === 0) return [];

  const refused = { wish, timeZone, closures: await closuresOf(schedule, zone, now), now };
  const [from, until] = diarySpan(refused);
  const trainerIds = candidates.map(({ trainerId }) => trainerId);
  const diaries = await findDiaries(db, { operatorId, studentId, trainerIds, from, until });
  return findOffers(refused, candidates, diaries);
}

async function closuresOf(schedule: Schedule, zone: Zone, now: Temporal.Instant): Promise<readonly Closure[]> {
  const closed = await closedOnHolidays(schedule, zone, now);
  return closed.kind === "weekly" ? (closed.closures ?? []) : [];
}

/** Who could give the most of the sessions, then who lives nearest, then by id. */
function mostPromising(wish: Wish, { judged }: Attempt, candidates: Candidate[]): Candidate[] {
  const removalOf = judge(wish);
  const known = new Map(judged?.ranking.removed.map(({ candidate, removal }) => [candidate.trainerId, removal]));
  return candidates
    .filter(({ active, operatorId }) => active && operatorId === wish.operatorId)
    .filter((candidate) => reaches(candidate, wish.location))
    .map((candidate) => {
      const removal = removalOf(candidate) ?? known.get(candidate.trainerId);
      const meters = distanceMeters(candidate.base, wish.location);
      return { candidate, lacking: removal?.clashingSessionCount ?? 0, meters };
    })
    .sort(
      (a, b) =>
        a.lacking - b.lacking || a.meters - b.meters || (a.candidate.trainerId < b.candidate.trainerId ? -1 : 1),
    )
    .slice(0, MAX_CANDIDATES)
    .map(({ candidate }) => candidate);
}

/** Without the trainers there are no offers, and still a refusal. */
function unlessUnavailable(error: unknown): null {
  if (error instanceof DomainError && error.kind === "unavailable") return null;
  throw error;
}
