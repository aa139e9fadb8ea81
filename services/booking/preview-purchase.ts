import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  PreviewPurchaseRequest,
  PreviewPurchaseResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError, REFUSAL_DOMAIN } from "../runtime/errors.ts";
import { isKept } from "../runtime/stored-refusal.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { findFacts } from "./book-queries.ts";
import { type Attempt, newAttempt } from "./booking.ts";
import { assignedTrainer } from "./booking-answer.ts";
import type { BookingDeps } from "./deps.ts";
import { explain } from "./explanation.ts";
import { mayActFor, type Visible, visibleTo } from "./operator.ts";
import { mayBookFor } from "./purchase.ts";
import type { Ranked } from "./ranking.ts";
import { readSchedule } from "./read-schedule.ts";
import type { Slot } from "./schedule.ts";
import { findShortlist, settle } from "./shortlist.ts";
import { studentMissing } from "./student.ts";
import { type Zone, zoneToProto } from "./zone.ts";

type Answer = MessageInitShape<typeof PreviewPurchaseResponseSchema>;

/** As bookPurchase, up to where it would write. */
export async function previewPurchase(
  deps: BookingDeps,
  request: PreviewPurchaseRequest,
  caller: Caller,
): Promise<Answer> {
  const visible = visibleTo(caller);
  mayBookFor(visible, request.studentId);
  const schedule = readSchedule(request.schedule);
  const now = deps.now();
  const attempt = newAttempt(request);

  const facts = await findFacts(deps.db, attempt, null);
  if (visible.of === "operator" && facts.zone) mayActFor(visible, facts.zone.operatorId);
  attempt.course = facts.course;
  attempt.zone = facts.zone;
  try {
    if (!facts.studentExists) throw studentMissing(attempt.studentId);
    const terms = await settle(attempt, schedule, now);
    return possible(terms.zone, attempt.slots, await findShortlist(deps, attempt, terms, now));
  } catch (error) {
    if (!(error instanceof DomainError) || !isKept(error)) throw error;
    return refused(error, attempt, visible);
  }
}

function possible(zone: Zone, slots: Slot[], [best]: Ranked[]): Answer {
  const sessions = slots.map(({ sequence, startTime, endTime, localStartTime }) => ({
    sequence,
    startTime: timestampOf(startTime),
    endTime: timestampOf(endTime),
    localStartTime: localStartTime.toString({ smallestUnit: "second" }),
  }));
  const trainer = best && assignedTrainer(best);
  return { outcome: { case: "possible", value: { zone: zoneToProto(zone), ...(trainer && { trainer }), sessions } } };
}

function refused({ reason, message, extras }: DomainError, { judged }: Attempt, visible: Visible): Answer {
  const info = { reason, domain: REFUSAL_DOMAIN, metadata: extras.metadata ?? {} };
  const explanation = judged && explain(judged, visible);
  return { outcome: { case: "refused", value: { info, message, ...(explanation && { explanation }) } } };
}
