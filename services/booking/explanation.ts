import { create, toBinary } from "@bufbuild/protobuf";
import { type Explanation, ExplanationSchema } from "../../gen/cadre/booking/v1/explanation_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import type { Attempt } from "./attempt.ts";
import { REMOVALS } from "./decision.ts";
import { type Offer, offerToProto } from "./offer.ts";
import type { Visible } from "./operator.ts";
import type { Removed } from "./ranking.ts";

/** Few enough to travel in a status, which not every client takes beyond 8 kB. */
const NEAREST = 10;
const MAX_BYTES = 5000;

/** Why nobody was left, and what may be done about it. A student is not told about single trainers: it is nobody's to know who is on leave. */
export function explain(
  { judged, slots, location }: Pick<Attempt, "judged" | "slots" | "location">,
  offers: Offer[],
  visible: Visible,
): Explanation {
  const { funnel = null, ranking } = judged ?? {};
  const removed = ranking?.removed ?? [];
  const counts = new Map<Removed["removal"]["reason"], number>();
  for (const { removal } of removed) counts.set(removal.reason, (counts.get(removal.reason) ?? 0) + 1);
  const nearest = visible.of === "student" ? [] : removed.toSorted(byClashes).slice(0, NEAREST);
  return create(ExplanationSchema, {
    ...(funnel && { funnel }),
    removals: [...counts].map(([reason, trainerCount]) => ({ removal: REMOVALS[reason], trainerCount })),
    nearest: nearest.map(({ candidate: { trainerId, name }, distanceMeters, removal }) => ({
      trainerId,
      name,
      distanceMeters,
      removal: REMOVALS[removal.reason],
      clashingSessionCount: removal.clashingSessionCount,
    })),
    offers: offers.map((offer) => offerToProto(offer, { slots, location })),
  });
}

/** The same refusal with what explains it, and as many of the offers, and of the nearest trainers, as fit. */
export function withExplanation({ kind, reason, message, extras }: DomainError, explanation: Explanation): DomainError {
  const { offers, nearest } = explanation;
  const fitting = create(ExplanationSchema, { ...explanation, offers: [...offers], nearest: [...nearest] });
  const room = MAX_BYTES - Object.values(extras.metadata ?? {}).join("").length;
  const tooMuch = (): boolean => toBinary(ExplanationSchema, fitting).byteLength > room;
  while (fitting.offers.length > 0 && tooMuch()) fitting.offers.pop();
  while (fitting.nearest.length > 0 && tooMuch()) fitting.nearest.pop();
  const details = [...(extras.details ?? []), { desc: ExplanationSchema, value: fitting }];
  return new DomainError(kind, reason, message, { ...extras, details });
}

function byClashes(a: Removed, b: Removed): number {
  return a.removal.clashingSessionCount - b.removal.clashingSessionCount || a.distanceMeters - b.distanceMeters;
}
