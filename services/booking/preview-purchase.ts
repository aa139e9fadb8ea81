import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  PreviewPurchaseRequest,
  PreviewPurchaseResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError, REFUSAL_DOMAIN } from "../runtime/errors.ts";
import { isKept } from "../runtime/stored-refusal.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { type Attempt, newAttempt } from "./attempt.ts";
import { findFacts } from "./book-queries.ts";
import { assignedTrainer } from "./booking-answer.ts";
import type { BookingDeps } from "./deps.ts";
import { explain } from "./explanation.ts";
import { findTeam } from "./find-team.ts";
import type { Offer } from "./offer.ts";
import { mayActFor, type Visible, visibleTo } from "./operator.ts";
import { mayBookFor } from "./purchase.ts";
import { readSchedule } from "./read-schedule.ts";
import { searchOffers } from "./search-offers.ts";
import { findShortlist, settle, type Terms } from "./shortlist.ts";
import type { Slot } from "./slot.ts";
import { studentMissing } from "./student.ts";
import { soleTrainer, type Team } from "./team.ts";
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

  const facts = await findFacts(deps.db, attempt, deps.zones.locate(attempt.location), null);
  if (visible.of === "operator" && facts.zone) mayActFor(visible, facts.zone.operatorId);
  attempt.course = facts.course;
  attempt.zone = facts.zone;
  try {
    attempt.studentExists = facts.studentExists;
    if (!facts.studentExists) throw studentMissing(attempt.studentId);
    const terms = await settle(attempt, schedule, now);
    return possible(terms.zone, attempt.slots, await teamFor(deps, attempt, terms, now));
  } catch (error) {
    if (!(error instanceof DomainError) || !isKept(error)) throw error;
    const offers = await searchOffers(deps, attempt, error, schedule, now);
    return refused(error, attempt, offers, visible);
  }
}

async function teamFor(deps: BookingDeps, attempt: Attempt, terms: Terms, now: Temporal.Instant): Promise<Team | null> {
  if (attempt.assignments.length > 0) return findTeam(deps, attempt, terms);
  const [best] = await findShortlist(deps, attempt, terms, now);
  return best ? soleTrainer(best) : null;
}

function possible(zone: Zone, slots: Slot[], team: Team | null): Answer {
  const sessions = slots.map(({ sequence, startTime, endTime, localStartTime }) => ({
    sequence,
    startTime: timestampOf(startTime),
    endTime: timestampOf(endTime),
    localStartTime: localStartTime.toString({ smallestUnit: "second" }),
    trainerId: team?.trainerOf(sequence) ?? "",
  }));
  const trainers = team?.members.map(assignedTrainer) ?? [];
  const lead = team && { trainer: assignedTrainer(team.lead) };
  return { outcome: { case: "possible", value: { zone: zoneToProto(zone), ...lead, trainers, sessions } } };
}

function refused(
  { reason, message, extras }: DomainError,
  attempt: Attempt,
  offers: Offer[],
  visible: Visible,
): Answer {
  const info = { reason, domain: REFUSAL_DOMAIN, metadata: extras.metadata ?? {} };
  const explanation = attempt.found || attempt.judged ? explain(attempt, offers, visible) : undefined;
  return { outcome: { case: "refused", value: { info, message, ...(explanation && { explanation }) } } };
}
