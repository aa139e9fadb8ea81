import { BookingService, type BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { requestIdReused } from "../runtime/idempotency.ts";
import { isKept, readRefusal, storedRefusal, writeRefusal } from "../runtime/stored-refusal.ts";
import { callRefusePurchase } from "./book-commands.ts";
import { type Booking, newDecision, newPurchase } from "./booking.ts";
import { readAnswer } from "./booking-answer.ts";
import { withDecision } from "./booking-refusals.ts";
import type { BookingDeps } from "./deps.ts";
import { explain, withExplanation } from "./explanation.ts";
import type { Visible } from "./operator.ts";
import type { Schedule } from "./schedule.ts";
import { searchOffers } from "./search-offers.ts";
import { studentMissing } from "./student.ts";

/** What a booking was asked for, and by whom. */
export interface Asked {
  deps: BookingDeps;
  schedule: Schedule;
  visible: Visible;
  now: Temporal.Instant;
}

/** Records that a purchase is refused, with the ways out of it, and throws why; or answers as somebody has meanwhile. */
export async function refuseBooking(
  { deps, schedule, visible, now }: Asked,
  booking: Booking,
  error: unknown,
): Promise<BookPurchaseResponse> {
  // That the trainers cannot be read is no answer: the next try may get one.
  if (!(error instanceof DomainError) || !isKept(error)) throw error;
  const looked = booking.found !== null || booking.judged !== null;
  if (!looked || !booking.studentExists) return refuse(deps, booking, error);
  const offers = await searchOffers(deps, booking, error, schedule, now);
  return refuse(deps, booking, withExplanation(error, explain(booking, offers, visible)));
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
export function studentGone(booking: Booking): DomainError {
  booking.studentExists = false;
  booking.judged = null;
  return studentMissing(booking.studentId);
}

/** The first answer to the request; a refusal is thrown again. */
export function firstAnswer(
  { request }: Booking,
  earlier: { digest: string; answer?: unknown; refusal?: unknown },
): BookPurchaseResponse {
  if (earlier.digest !== request.digest) throw requestIdReused(request.request_id);
  if (earlier.refusal) throw readRefusal(storedRefusal.parse(earlier.refusal), BookingService);
  return readAnswer(earlier.answer);
}
