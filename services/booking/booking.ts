import { BookingService, type BookPurchaseRequest } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { currentCall } from "../runtime/call-context.ts";
import type { Caller } from "../runtime/caller.ts";
import { digestOf } from "../runtime/idempotency.ts";
import { roleName } from "../runtime/policy.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { type Attempt, newAttempt } from "./attempt.ts";
import type { NewDecision, NewPurchase, NewSession, RequestFacts } from "./book-commands.ts";
import type { CourseFacts } from "./book-queries.ts";
import { newRecord } from "./decision-record.ts";
import { COMPANY_OPERATOR_ID, visibleTo } from "./operator.ts";
import type { RememberedFacts } from "./remembered-facts.ts";
import { textsOf } from "./slot.ts";
import type { Zone } from "./zone.ts";

/** One booking while it is being decided. */
export interface Booking extends Attempt {
  request: RequestFacts;
  decisionId: string;
  purchaseId: string;
  /** Of an operator who books. */
  askingOperatorId: string | null;
  /** What it rests on without having asked. */
  remembered: RememberedFacts | null;
}

export function newBooking(
  newId: () => string,
  request: BookPurchaseRequest,
  caller: Caller,
  now: Temporal.Instant,
): Booking {
  const visible = visibleTo(caller);
  return {
    ...newAttempt(request),
    request: {
      subject: caller.subject,
      role: roleName(caller.role),
      request_id: request.requestId,
      digest: digestOf({ method: BookingService.method.bookPurchase, request }).toString("hex"),
      now: now.toString(),
      trace_id: currentTrace()?.traceId ?? null,
      on_behalf_of: currentCall()?.onBehalfOf?.subject ?? null,
    },
    decisionId: newId(),
    purchaseId: newId(),
    askingOperatorId: visible.of === "operator" ? visible.operatorId : null,
    remembered: null,
  };
}

export function newSessions({ slots }: Booking, newId: () => string): NewSession[] {
  return slots.map((slot) => {
    const { startTime, endTime, localStartTime } = textsOf(slot);
    return {
      sequence: slot.sequence,
      session_id: newId(),
      start_time: startTime,
      end_time: endTime,
      local_start_time: localStartTime,
    };
  });
}

export function newPurchase(booking: Booking, course: CourseFacts, zone: Zone): NewPurchase {
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

export function newDecision(
  booking: Booking,
  refused: { reason: string; somethingToBuy: boolean } | null,
): NewDecision {
  const { zone } = booking;
  return {
    // Where no zone covers the place, it is the asking operator's to know, or else the company's.
    operator_id: zone?.operatorId ?? booking.askingOperatorId ?? COMPANY_OPERATOR_ID,
    decision_id: booking.decisionId,
    purchase_id: refused && !refused.somethingToBuy ? null : booking.purchaseId,
    refusal_reason: refused?.reason ?? null,
    record: newRecord(booking, refused?.reason ?? null),
    create_time: booking.request.now,
  };
}
