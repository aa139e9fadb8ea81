import { ConnectError } from "@connectrpc/connect";
import type { BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { type Funnel, FunnelSchema } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { reasonOf } from "./explain.ts";
import type { Gateway } from "./gateway.ts";
import type { Telling } from "./telling.ts";
import { describePattern, type Wish } from "./wish.ts";

export interface Refusal {
  reason: string;
  message: string;
  /** Absent where no trainer was looked for. */
  funnel: Funnel | undefined;
}

export type BookingAnswer = { booked: BookPurchaseResponse } | { refused: Refusal };

/** The honest answers of a mesh that works. */
const REFUSALS = new Set(["NO_TRAINER_AVAILABLE", "STUDENT_ALREADY_BOOKED"]);

/** The student asks for the whole course in one call. */
export async function book(gateway: Gateway, told: Telling, wish: Wish, requestId: string): Promise<BookingAnswer> {
  const { student, course, pattern } = wish;
  told.line(`${student.name} (${student.language}, ${student.timeZone}) would like “${course.name}”,`);
  told.line(
    `${course.sessionCount} × ${course.sessionMinutes} minutes, ${describePattern(pattern)}, from ${pattern.startDate}`,
  );

  const actor = await gateway.student(student.studentId);
  const request = {
    requestId,
    studentId: student.studentId,
    courseId: course.courseId,
    ...(student.location ? { location: student.location } : {}),
    schedule: { times: { case: "weekly" as const, value: pattern } },
  };
  return told.step(
    `BookPurchase: ${course.sessionCount} sessions in one call`,
    (trace) => gateway.bookings.bookPurchase(request, actor(trace)).then((booked) => ({ booked }), refusalOf),
    (answer) => "booked" in answer,
  );
}

/** How many trainers were left after each question. */
export function describeFunnel(funnel: Funnel): string {
  return [
    `${funnel.active} trainers`,
    `${funnel.teachCourse} teach it`,
    `${funnel.sameOperator} of this operator`,
    `${funnel.qualifiedOnEveryDate} qualified on every date`,
    `${funnel.reachLocation} reach the place`,
    `${funnel.workAtEveryTime} work at those times`,
    `${funnel.freeOnEverySession} free on every session`,
  ].join(" → ");
}

function refusalOf(error: unknown): BookingAnswer {
  const reason = reasonOf(error);
  if (!(error instanceof ConnectError) || reason === undefined || !REFUSALS.has(reason)) throw error;
  return { refused: { reason, message: error.rawMessage, funnel: error.findDetails(FunnelSchema)[0] } };
}
