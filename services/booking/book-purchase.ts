import {
  BookingService,
  type BookPurchaseRequest,
  type BookPurchaseResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import { requestIdReused } from "../runtime/idempotency.ts";
import { isKept, readRefusal, storedRefusal, writeRefusal } from "../runtime/stored-refusal.ts";
import { callBookPurchase, callRefusePurchase } from "./book-commands.ts";
import { type CourseFacts, findAvailability, findFacts } from "./book-queries.ts";
import { type Booking, newBooking, newDecision, newPurchase, newSessions } from "./booking.ts";
import { readAnswer, storedAnswer, storedTrainer } from "./booking-answer.ts";
import { noTrainerAvailable, studentAlreadyBooked, withDecision } from "./booking-refusals.ts";
import type { Found } from "./cached-search.ts";
import type { Candidate } from "./candidate.ts";
import { courseMissing } from "./course.ts";
import { funnelOf, type Judged } from "./decision.ts";
import type { BookingDeps } from "./deps.ts";
import type { Wish } from "./eligibility.ts";
import { mayActFor, visibleTo } from "./operator.ts";
import { mayBookFor } from "./purchase.ts";
import { type Ranked, type Ranking, type Removed, rank, type Workload } from "./ranking.ts";
import { readSchedule } from "./read-schedule.ts";
import { expand, type Schedule } from "./schedule.ts";
import { studentMissing } from "./student.ts";
import { trainersUnavailable } from "./trainer-directory.ts";
import { noZoneCovers, type Zone } from "./zone.ts";

/** How many of the best are read fresh and offered to the database. */
const SHORTLIST = 10;

/**
 * Three round trips to the database and at most two calls, none made in a transaction: the facts; the trainers who
 * could, where the cache does not know them; how free they are; the best ones, read fresh; and the booking itself, which
 * decides under locks. It looks again when all of the best were booked by others in between or may not teach any more,
 * or when the cache knew nobody.
 */
export async function bookPurchase(
  deps: BookingDeps,
  request: BookPurchaseRequest,
  caller: Caller,
): Promise<BookPurchaseResponse> {
  const visible = visibleTo(caller);
  mayBookFor(visible, request.studentId);
  const schedule = readSchedule(request.schedule);
  const now = deps.now();
  const booking = newBooking(deps.newId, request, caller, now);

  const { subject, request_id: requestId, digest } = booking.request;
  const facts = await findFacts(deps.db, { ...booking, subject, requestId, digest, now });
  if (facts.earlier) return firstAnswer(booking, facts.earlier);
  if (visible.of === "operator" && facts.zone) mayActFor(visible, facts.zone.operatorId);

  booking.course = facts.course;
  booking.zone = facts.zone;
  try {
    if (!facts.studentExists) throw studentMissing(booking.studentId);
    return await assign(deps, booking, schedule, now);
  } catch (error) {
    // That the trainers cannot be read is no answer: the next try may get one.
    if (!(error instanceof DomainError) || !isKept(error)) throw error;
    return refuse(deps, booking, error);
  }
}

/** Throws the refusal when the purchase cannot be assigned; `booking` then tells how far it came. */
async function assign(
  deps: BookingDeps,
  booking: Booking,
  schedule: Schedule,
  now: Temporal.Instant,
): Promise<BookPurchaseResponse> {
  const { course, zone, courseId, location, studentId } = booking;
  if (!course) throw courseMissing(courseId);
  if (!zone) throw noZoneCovers(location);
  booking.slots = expand(schedule, course, zone.timeZone, now);

  const wish: Wish = { courseId, operatorId: zone.operatorId, location, slots: booking.slots };
  let found = await deps.trainers.search(wish);
  let readNow = false;
  for (;;) {
    const wanted = { operatorId: zone.operatorId, studentId, slots: booking.slots, candidates: found.candidates, now };
    const { studentClashes, workloads } = await findAvailability(deps.db, wanted);
    const clashes = new Set(studentClashes);
    if (clashes.size > 0) throw studentAlreadyBooked(booking.slots.filter(({ sequence }) => clashes.has(sequence)));

    const byId = new Map(workloads.map((workload) => [workload.trainerId, workload]));
    const ranking = rank(wish, found.candidates, byId);
    const chosen = readNow ? chosenFrom(found, ranking) : await choose(deps, wish, found, ranking, byId);
    booking.judged = chosen.judged;
    const { shortlist } = chosen;
    if (shortlist.length > 0) {
      const answer = await book(deps, booking, shortlist, { course, zone });
      if (answer) return answer;
      readNow = false;
    } else if (found.source === "cache") {
      // A cache may advise, but nobody is refused on its word.
      found = await deps.trainers.searchNow(wish);
      readNow = true;
    } else {
      if (!found.complete) throw trainersUnavailable();
      throw noTrainerAvailable(booking.judged.funnel, course.sessionCount);
    }
  }
}

/** The best, as the directory has just said that they are. */
interface Chosen {
  shortlist: Ranked[];
  judged: Judged;
}

function chosenFrom({ funnel, source, ageMs }: Found, ranking: Ranking): Chosen {
  const directoryAgeMs = source === "outage" ? ageMs : null;
  const judged = { funnel: funnelOf(funnel, ranking), ranking, directoryAgeMs };
  return { shortlist: ranking.ranked.slice(0, SHORTLIST), judged };
}

/**
 * Judges the best once more by what the directory says of them now. Whom it no longer allows is removed; if that is all
 * of them, the next best are read. Nobody is on the shortlist who was not read.
 */
async function choose(
  { trainers }: BookingDeps,
  wish: Wish,
  found: Found,
  ranking: Ranking,
  workloads: Map<string, Workload>,
): Promise<Chosen> {
  if (found.source === "outage") return chosenFrom(found, ranking);
  const removed = [...ranking.removed];
  let unread = ranking.ranked;
  while (unread.length > 0) {
    const best = unread.slice(0, SHORTLIST);
    unread = unread.slice(SHORTLIST);
    const { candidates, ageMs } = await trainers.read(best.map(({ candidate }) => candidate.trainerId));
    const fresh = rank(wish, [...candidates, ...goneAmong(best, candidates, ageMs)], workloads);
    removed.push(...fresh.removed);
    if (fresh.ranked.length > 0) {
      const all = { ranked: [...fresh.ranked, ...unread], removed: removed.sort(byTrainerId) };
      const { judged } = chosenFrom(found, all);
      return { shortlist: fresh.ranked, judged: { ...judged, directoryAgeMs: ageMs } };
    }
  }
  return chosenFrom(found, { ranked: [], removed: removed.sort(byTrainerId) });
}

/** Who is missing from the directory's answer is no longer there; from a cache's answer, nothing is known. */
function goneAmong(best: Ranked[], candidates: Candidate[], ageMs: number | null): Candidate[] {
  if (ageMs !== null) return [];
  const there = new Set(candidates.map(({ trainerId }) => trainerId));
  return best
    .filter(({ candidate }) => !there.has(candidate.trainerId))
    .map(({ candidate }) => ({ ...candidate, active: false }));
}

function byTrainerId(a: Removed, b: Removed): number {
  return a.candidate.trainerId < b.candidate.trainerId ? -1 : 1;
}

/** Null when everybody on the shortlist has been booked meanwhile. */
async function book(
  { db, newId }: BookingDeps,
  booking: Booking,
  shortlist: Ranked[],
  { course, zone }: { course: CourseFacts; zone: Zone },
): Promise<BookPurchaseResponse | null> {
  const purchase = newPurchase(booking, course, zone);
  const sessions = newSessions(booking, newId);
  const outcome = await callBookPurchase(db, {
    request: booking.request,
    purchase,
    sessions,
    candidates: shortlist.map((entry) => ({
      trainer_id: entry.candidate.trainerId,
      time_zone: entry.candidate.timeZone,
      buffer_minutes: entry.candidate.bufferMinutes,
      daily_session_limit: entry.candidate.dailySessionLimit,
      answer: storedTrainer(entry),
    })),
    decision: newDecision(booking, null),
    answer: storedAnswer(purchase, sessions, zone),
  });
  switch (outcome.outcome) {
    case "booked":
      return readAnswer(outcome.answer);
    case "repeated":
      return firstAnswer(booking, outcome);
    case "student_taken":
      throw studentAlreadyBooked([]);
    case "all_taken":
      return null;
  }
}

async function refuse({ db }: BookingDeps, booking: Booking, error: DomainError): Promise<BookPurchaseResponse> {
  const { course, zone, judged } = booking;
  const refusal = withDecision(error, booking.decisionId);
  const somethingToBuy = judged !== null || error.reason === "STUDENT_ALREADY_BOOKED";
  const outcome = await callRefusePurchase(db, {
    request: booking.request,
    purchase: somethingToBuy && course && zone ? newPurchase(booking, course, zone) : null,
    decision: newDecision(booking, { reason: error.reason, somethingToBuy }),
    refusal: writeRefusal(refusal),
  });
  if (outcome.outcome === "repeated") return firstAnswer(booking, outcome);
  throw refusal;
}

/** The first answer to the request; a refusal is thrown again. */
function firstAnswer(
  { request }: Booking,
  earlier: { digest: string; answer?: unknown; refusal?: unknown },
): BookPurchaseResponse {
  if (earlier.digest !== request.digest) throw requestIdReused(request.request_id);
  if (earlier.refusal) throw readRefusal(storedRefusal.parse(earlier.refusal), BookingService);
  return readAnswer(earlier.answer);
}
