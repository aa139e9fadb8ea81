import { assignTo, type Purchase, touch } from "./purchase.ts";
import { byStartTime, isAhead, type Session } from "./session.ts";

/** Who gives the most of what lies ahead, and the earlier ones among as many; null where nothing does. */
export function leadOf(sessions: readonly Session[], now: Temporal.Instant): string | null {
  const ahead = sessions.filter((session) => isAhead(session, now)).toSorted(byStartTime);
  const [first, ...others] = Map.groupBy(ahead, ({ trainerId }) => trainerId);
  if (!first) return null;
  const [lead] = others.reduce((most, one) => (one[1].length > most[1].length ? one : most), first);
  return lead;
}

/** The purchase when some of its sessions, which are as they are now, have been given to a trainer. */
export function withLead(
  purchase: Purchase,
  sessions: readonly Session[],
  given: { trainerId: string; decisionId: string; now: Temporal.Instant },
): Purchase {
  const lead = leadOf(sessions, given.now);
  if (lead === null || lead === purchase.trainerId) return touch(purchase);
  const decisionId = lead === given.trainerId ? given.decisionId : purchase.decisionId;
  return assignTo("reassign", purchase, { trainerId: lead, decisionId });
}
