import type { MessageInitShape } from "@bufbuild/protobuf";
import { FunnelSchema } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { ExplanationSchema } from "../../gen/cadre/booking/v1/explanation_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { type Judged, REMOVALS } from "./decision.ts";
import type { Visible } from "./operator.ts";
import type { Removed } from "./ranking.ts";

/** Few enough to travel in a status, which not every client takes beyond 8 kB. */
const NEAREST = 10;

/** Why nobody was left. A student is not told about single trainers: it is nobody's to know who is on leave. */
export function explain(
  { funnel, ranking: { removed } }: Judged,
  visible: Visible,
): MessageInitShape<typeof ExplanationSchema> {
  const counts = new Map<Removed["removal"]["reason"], number>();
  for (const { removal } of removed) counts.set(removal.reason, (counts.get(removal.reason) ?? 0) + 1);
  const nearest = visible.of === "student" ? [] : removed.toSorted(byClashes).slice(0, NEAREST);
  return {
    funnel,
    removals: [...counts].map(([reason, trainerCount]) => ({ removal: REMOVALS[reason], trainerCount })),
    nearest: nearest.map(({ candidate: { trainerId, name }, distanceMeters, removal }) => ({
      trainerId,
      name,
      distanceMeters,
      removal: REMOVALS[removal.reason],
      clashingSessionCount: removal.clashingSessionCount,
    })),
  };
}

/** The same refusal, with what explains it. */
export function withExplanation(
  { kind, reason, message, extras }: DomainError,
  explanation: MessageInitShape<typeof ExplanationSchema>,
): DomainError {
  const { funnel } = explanation;
  const details = [
    ...(extras.details ?? []),
    ...(funnel ? [{ desc: FunnelSchema, value: funnel }] : []),
    { desc: ExplanationSchema, value: explanation },
  ];
  return new DomainError(kind, reason, message, { ...extras, details });
}

function byClashes(a: Removed, b: Removed): number {
  return a.removal.clashingSessionCount - b.removal.clashingSessionCount || a.distanceMeters - b.distanceMeters;
}
