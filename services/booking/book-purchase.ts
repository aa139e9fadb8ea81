import {
  BookingService,
  type BookPurchaseRequest,
  type BookPurchaseResponse,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import { digestOf, requestIdReused } from "../runtime/idempotency.ts";
import { roleName } from "../runtime/policy.ts";
import { isKept, readRefusal, storedRefusal, writeRefusal } from "../runtime/stored-refusal.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import {
  type CourseFacts,
  callBookPurchase,
  callRefusePurchase,
  findAvailability,
  findFacts,
  type NewDecision,
  type NewPurchase,
  type NewSession,
  type RequestFacts,
} from "./book-queries.ts";
import { readAnswer, storedAnswer, storedTrainer } from "./booking-answer.ts";
import { noTrainerAvailable, studentAlreadyBooked, withDecision } from "./booking-refusals.ts";
import type { Found } from "./cached-search.ts";
import { courseMissing } from "./course.ts";
import { documentOf, funnelOf, type Judged } from "./decision.ts";
import type { BookingDeps } from "./deps.ts";
import type { Wish } from "./eligibility.ts";
import { COMPANY_OPERATOR_ID, mayActFor, visibleTo } from "./operator.ts";
import type { Point } from "./point.ts";
import { mayBookFor } from "./purchase.ts";
import { type Ranked, type Ranking, rank } from "./ranking.ts";
import { readSchedule } from "./read-schedule.ts";
import { expand, type Schedule, type Slot } from "./schedule.ts";
import { studentMissing } from "./student.ts";
import { trainersUnavailable } from "./trainer-directory.ts";
import { noZoneCovers, type Zone } from "./zone.ts";

/** How many of the best are read fresh and offered to the database. */
const SHORTLIST = 10;

/** One booking while it is being decided. */
interface Booking {
  request: RequestFacts;
  decisionId: string;
  purchaseId: string;
  studentId: string;
  courseId: string;
  location: Point;
  course: CourseFacts | null;
  zone: Zone | null;
  slots: Slot[];
  judged: Judged | null;
}

/**
 * Three round trips to the database and at most two calls, none made in a transaction: the facts; the trainers who
 * could, where the cache does not know them; how free they are; the best ones, read fresh; and the booking itself, which
 * decides under locks. It looks again when all of the best were booked by others in between, or when the cache knew
 * nobody.
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
  const booking = newBooking(deps, request, caller, now);

  const { subject, request_id: requestId } = booking.request;
  const facts = await findFacts(deps.db, { ...booking, subject, requestId, now });
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

function newBooking(
  { newId }: BookingDeps,
  request: BookPurchaseRequest,
  caller: Caller,
  now: Temporal.Instant,
): Booking {
  const { latitude = 0, longitude = 0 } = request.location ?? {};
  return {
    request: {
      subject: caller.subject,
      role: roleName(caller.role),
      request_id: request.requestId,
      digest: digestOf({ method: BookingService.method.bookPurchase, request }).toString("hex"),
      now: now.toString(),
      trace_id: currentTrace()?.traceId ?? null,
    },
    decisionId: newId(),
    purchaseId: newId(),
    studentId: request.studentId.toLowerCase(),
    courseId: request.courseId.toLowerCase(),
    location: { latitude, longitude },
    course: null,
    zone: null,
    slots: [],
    judged: null,
  };
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
    booking.judged = readNow ? judgedBy(found, ranking) : await freshest(deps, wish, found, ranking);
    const shortlist = booking.judged.ranking.ranked.slice(0, SHORTLIST);
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

function judgedBy({ funnel, source, ageMs }: Found, ranking: Ranking): Judged {
  return { funnel: funnelOf(funnel, ranking), ranking, directoryAgeMs: source === "outage" ? ageMs : null };
}

/** Judges the best once more by what the directory says of them now; whom it no longer allows is removed. */
async function freshest({ trainers }: BookingDeps, wish: Wish, found: Found, ranking: Ranking): Promise<Judged> {
  const shortlist = ranking.ranked.slice(0, SHORTLIST);
  if (shortlist.length === 0 || found.source === "outage") return judgedBy(found, ranking);
  const { candidates, ageMs } = await trainers.read(shortlist.map(({ candidate }) => candidate.trainerId));
  const byId = new Map(candidates.map((candidate) => [candidate.trainerId, candidate]));
  const current = shortlist.map(({ candidate }) => byId.get(candidate.trainerId) ?? { ...candidate, active: false });

  const { removed } = rank(wish, current, new Map());
  const gone = new Set(removed.map(({ candidate }) => candidate.trainerId));
  const ranked = ranking.ranked
    .filter(({ candidate }) => !gone.has(candidate.trainerId))
    .map((entry) => ({ ...entry, candidate: byId.get(entry.candidate.trainerId) ?? entry.candidate }));
  const all = [...ranking.removed, ...removed];
  const sorted = all.sort((a, b) => (a.candidate.trainerId < b.candidate.trainerId ? -1 : 1));
  return { ...judgedBy(found, { ranked, removed: sorted }), directoryAgeMs: ageMs };
}

/** Null when everybody on the shortlist has been booked meanwhile. */
async function book(
  { db, newId }: BookingDeps,
  booking: Booking,
  shortlist: Ranked[],
  { course, zone }: { course: CourseFacts; zone: Zone },
): Promise<BookPurchaseResponse | null> {
  const purchase = newPurchase(booking, course, zone);
  const sessions = booking.slots.map(
    (slot): NewSession => ({
      sequence: slot.sequence,
      session_id: newId(),
      start_time: slot.startTime.toString(),
      end_time: slot.endTime.toString(),
      local_start_time: slot.localStartTime.toString(),
    }),
  );
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

function newPurchase(booking: Booking, course: CourseFacts, zone: Zone): NewPurchase {
  return {
    purchase_id: booking.purchaseId,
    franchise_id: zone.franchiseId,
    student_id: booking.studentId,
    course_id: booking.courseId,
    course_name: course.name,
    session_count: course.sessionCount,
    session_minutes: course.sessionMinutes,
    zone_id: zone.zoneId,
    time_zone: zone.timeZone,
    latitude: booking.location.latitude,
    longitude: booking.location.longitude,
    decision_id: booking.decisionId,
    create_time: booking.request.now,
  };
}

function newDecision(booking: Booking, refused: { reason: string; somethingToBuy: boolean } | null): NewDecision {
  const { zone, course, slots, judged } = booking;
  const wish = { ...booking, zoneId: zone?.zoneId ?? null, sessionMinutes: course?.sessionMinutes ?? 0 };
  return {
    // Where no zone covers the place, the company answers for it.
    operator_id: zone?.operatorId ?? COMPANY_OPERATOR_ID,
    decision_id: booking.decisionId,
    purchase_id: refused && !refused.somethingToBuy ? null : booking.purchaseId,
    refusal_reason: refused?.reason ?? null,
    document: documentOf(wish, slots, judged),
    create_time: booking.request.now,
  };
}
