import type { BookPurchaseRequest, BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import { callBookAssignedPurchase, callBookPurchase } from "./book-commands.ts";
import { findFacts } from "./book-queries.ts";
import { type Booking, newBooking, newDecision, newPurchase, newSessions } from "./booking.ts";
import {
  assignedAnswer,
  encodedAnswer,
  encodedTrainer,
  newAnswer,
  newTeamAnswer,
  withTrainers,
} from "./booking-answer.ts";
import { neverFree } from "./booking-refusals.ts";
import type { Candidate } from "./candidate.ts";
import type { BookingDeps } from "./deps.ts";
import { findTeam } from "./find-team.ts";
import { mayActFor, visibleTo } from "./operator.ts";
import { mayBookFor } from "./purchase.ts";
import type { Ranked } from "./ranking.ts";
import { readSchedule } from "./read-schedule.ts";
import { type Asked, firstAnswer, refuseBooking, studentGone } from "./refuse-booking.ts";
import { type Facts, isAsRemembered, OutdatedFacts, recallFacts } from "./remembered-facts.ts";
import { findShortlist, settle, type Terms } from "./shortlist.ts";
import type { Team } from "./team.ts";

/** How often all of the best may be booked by others in between. Each time, somebody else got what was wanted. */
const MAX_ROUNDS = 5;

/**
 * Two or three round trips to the database and at most two calls, none made in a transaction: the facts, unless this
 * process remembers them; the trainers who could, where the cache does not know them; how free they are; the best ones,
 * read fresh; and the booking itself, which decides under locks. It looks again when all of the best, or the student, were
 * booked by others in between, a few times, and when what it remembered was not so any more.
 */
export async function bookPurchase(
  deps: BookingDeps,
  request: BookPurchaseRequest,
  caller: Caller,
): Promise<BookPurchaseResponse> {
  const visible = visibleTo(caller);
  mayBookFor(visible, request.studentId);
  const asked = { deps, schedule: readSchedule(request.schedule), visible, now: deps.now() };
  const newAttempt = () => newBooking(deps.newId, request, caller, asked.now);

  const booking = newAttempt();
  booking.remembered = recallFacts(deps, booking, visible);
  if (!booking.remembered) return bookOn(asked, booking, await lookUp(asked, booking));
  const { course, zone } = booking.remembered;
  try {
    return await assign(asked, Object.assign(booking, { course, zone }));
  } catch (error) {
    if (!(error instanceof DomainError || error instanceof OutdatedFacts)) throw error;
    const facts = await lookUp(asked, booking);
    const refused = error instanceof DomainError && !facts.earlier && isAsRemembered(booking.remembered, facts);
    return refused ? refuseBooking(asked, booking, error) : bookOn(asked, newAttempt(), facts);
  }
}

async function lookUp({ deps: { db, zones, courses }, now }: Asked, booking: Booking): Promise<Facts> {
  const facts = await findFacts(db, booking, zones.locate(booking.location), { request: booking.request, now });
  if (facts.course) courses.remember(facts.course);
  return facts;
}

async function bookOn(
  asked: Asked,
  booking: Booking,
  { earlier, studentExists, course, zone }: Facts,
): Promise<BookPurchaseResponse> {
  const { visible } = asked;
  if (earlier) return firstAnswer(booking, earlier);
  if (visible.of === "operator" && zone) mayActFor(visible, zone.operatorId);
  try {
    if (!studentExists) throw studentGone(booking);
    return await assign(asked, Object.assign(booking, { course, zone }));
  } catch (error) {
    return refuseBooking(asked, booking, error);
  }
}

/** Throws the refusal when the purchase cannot be assigned; `booking` then tells how far it came. */
async function assign({ deps, schedule, now }: Asked, booking: Booking): Promise<BookPurchaseResponse> {
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
  const answer = newAnswer({ purchase, sessions, slots: booking.slots, zone });
  const stored = encodedAnswer(answer);
  const answers = { answer: stored, trainerAnswers: shortlist.map(encodedTrainer) };
  const outcome = await callBookPurchase(db, { command, ...answers }, booking.remembered);
  if (outcome.outcome !== "booked") return unlessBooked(booking, outcome);
  const chosen = shortlist.find(({ candidate }) => candidate.trainerId === outcome.trainer_id);
  if (!chosen) throw new TypeError(`${outcome.trainer_id} was not on the shortlist`);
  return assignedAnswer(answer, stored, chosen);
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
  const answer = newTeamAnswer({ purchase, sessions, slots: booking.slots, zone }, team);
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
    case "outdated":
      throw new OutdatedFacts();
    case "student_erased":
      throw studentGone(booking);
    case "student_taken":
    case "all_taken":
      return null;
  }
}
