import {
  BookingService,
  type BookPurchaseRequest,
  type BookPurchaseResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import { requestIdReused } from "../runtime/idempotency.ts";
import { isKept, readRefusal, storedRefusal, writeRefusal } from "../runtime/stored-refusal.ts";
import { callBookAssignedPurchase, callBookPurchase, callRefusePurchase } from "./book-commands.ts";
import { findFacts } from "./book-queries.ts";
import { type Booking, newBooking, newDecision, newPurchase, newSessions } from "./booking.ts";
import {
  assignedTrainer,
  encodedAnswer,
  encodedTrainer,
  newAnswer,
  newTeamAnswer,
  readAnswer,
  withTrainers,
} from "./booking-answer.ts";
import { neverFree, withDecision } from "./booking-refusals.ts";
import type { Candidate } from "./candidate.ts";
import type { BookingDeps } from "./deps.ts";
import { explain, withExplanation } from "./explanation.ts";
import { findTeam } from "./find-team.ts";
import { mayActFor, visibleTo } from "./operator.ts";
import { mayBookFor } from "./purchase.ts";
import type { Ranked } from "./ranking.ts";
import { readSchedule } from "./read-schedule.ts";
import type { Schedule } from "./schedule.ts";
import { searchOffers } from "./search-offers.ts";
import { findShortlist, settle, type Terms } from "./shortlist.ts";
import { studentMissing } from "./student.ts";
import type { Team } from "./team.ts";

/** How often all of the best may be booked by others in between. Each time, somebody else got what was wanted. */
const MAX_ROUNDS = 5;

/**
 * Three round trips to the database and at most two calls, none made in a transaction: the facts; the trainers who
 * could, where the cache does not know them; how free they are; the best ones, read fresh; and the booking itself, which
 * decides under locks. It looks again when all of the best, or the student, were booked by others in between, a few times.
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

  const facts = await findFacts(deps.db, booking, deps.zones.locate(booking.location), {
    request: booking.request,
    now,
  });
  if (facts.earlier) return firstAnswer(booking, facts.earlier);
  if (visible.of === "operator" && facts.zone) mayActFor(visible, facts.zone.operatorId);

  booking.course = facts.course;
  booking.zone = facts.zone;
  try {
    if (!facts.studentExists) throw studentGone(booking);
    return await assign(deps, booking, schedule, now);
  } catch (error) {
    // That the trainers cannot be read is no answer: the next try may get one.
    if (!(error instanceof DomainError) || !isKept(error)) throw error;
    const looked = booking.found !== null || booking.judged !== null;
    if (!looked || !booking.studentExists) return refuse(deps, booking, error);
    const offers = await searchOffers(deps, booking, error, schedule, now);
    return refuse(deps, booking, withExplanation(error, explain(booking, offers, visible)));
  }
}

/** Throws the refusal when the purchase cannot be assigned; `booking` then tells how far it came. */
async function assign(
  deps: BookingDeps,
  booking: Booking,
  schedule: Schedule,
  now: Temporal.Instant,
): Promise<BookPurchaseResponse> {
  const terms = await settle(booking, schedule, now);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    booking.judged = null;
    const answer =
      booking.assignments.length > 0
        ? await bookTeam(deps, booking, await findTeam(deps, booking, terms), terms)
        : await book(deps, booking, await findShortlist(deps, booking, terms, now), terms);
    if (answer) return answer;
  }
  throw neverFree();
}

/** Null when everybody on the shortlist, or the student, has been booked meanwhile. */
async function book(
  { db, newId }: BookingDeps,
  booking: Booking,
  shortlist: Ranked[],
  { course, zone }: Terms,
): Promise<BookPurchaseResponse | null> {
  const purchase = newPurchase(booking, course, zone);
  const sessions = newSessions(booking, newId);
  const candidates = shortlist.map(({ candidate }) => trainerFacts(candidate));
  const decision = newDecision(booking, null);
  const command = { request: booking.request, purchase, sessions, candidates, decision };
  const answer = newAnswer(purchase, sessions, zone);
  const outcome = await callBookPurchase(db, command, encodedAnswer(answer), shortlist.map(encodedTrainer));
  if (outcome.outcome !== "booked") return unlessBooked(booking, outcome);
  const chosen = shortlist.find(({ candidate }) => candidate.trainerId === outcome.trainer_id);
  if (!chosen) throw new TypeError(`${outcome.trainer_id} was not on the shortlist`);
  answer.trainer = assignedTrainer(chosen);
  return withTrainers(answer);
}

/** Null when one of them, or the student, has been booked meanwhile. */
async function bookTeam(
  { db, newId }: BookingDeps,
  booking: Booking,
  team: Team,
  { course, zone }: Terms,
): Promise<BookPurchaseResponse | null> {
  const purchase = newPurchase(booking, course, zone);
  const sessions = newSessions(booking, newId);
  const command = {
    request: booking.request,
    purchase,
    trainer_id: team.lead.candidate.trainerId,
    sessions: sessions.map((session) => ({ ...session, trainer_id: team.trainerOf(session.sequence) })),
    trainers: team.members.map(({ candidate }) => trainerFacts(candidate)),
    decision: newDecision(booking, null),
  };
  const answer = newTeamAnswer(purchase, sessions, zone, team);
  const outcome = await callBookAssignedPurchase(db, command, encodedAnswer(answer));
  return outcome.outcome === "booked" ? withTrainers(answer) : unlessBooked(booking, outcome);
}

function trainerFacts({ trainerId, timeZone, bufferMinutes, dailySessionLimit }: Candidate) {
  return {
    trainer_id: trainerId,
    time_zone: timeZone,
    buffer_minutes: bufferMinutes,
    daily_session_limit: dailySessionLimit,
  };
}

function unlessBooked(
  booking: Booking,
  outcome: Exclude<Awaited<ReturnType<typeof callBookPurchase>>, { outcome: "booked" }>,
): BookPurchaseResponse | null {
  switch (outcome.outcome) {
    case "repeated":
      return firstAnswer(booking, outcome);
    case "student_erased":
      throw studentGone(booking);
    case "student_taken":
    case "all_taken":
      return null;
  }
}

async function refuse(deps: BookingDeps, booking: Booking, error: DomainError): Promise<BookPurchaseResponse> {
  const { course, zone, judged, studentExists } = booking;
  const refusal = withDecision(error, booking.decisionId);
  const somethingToBuy = studentExists && (judged !== null || error.reason === "STUDENT_ALREADY_BOOKED");
  const outcome = await callRefusePurchase(deps.db, {
    request: booking.request,
    student_id: booking.studentId,
    purchase: somethingToBuy && course && zone ? newPurchase(booking, course, zone) : null,
    decision: newDecision(booking, { reason: error.reason, somethingToBuy }),
    refusal: writeRefusal(refusal),
  });
  if (outcome.outcome === "repeated") return firstAnswer(booking, outcome);
  if (outcome.outcome === "student_erased") return refuse(deps, booking, studentGone(booking));
  throw refusal;
}

/** There is no such student, or no longer: what was found out about trainers since then is nothing to record. */
function studentGone(booking: Booking): DomainError {
  booking.studentExists = false;
  booking.judged = null;
  return studentMissing(booking.studentId);
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
