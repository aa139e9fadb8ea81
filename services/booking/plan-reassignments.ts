import type { ReassignTrainerRequest } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { type FieldViolation, invalidFields } from "../runtime/errors.ts";
import type { Assignment } from "./assignment.ts";
import { chooseBest, chooseNamed, type Named, readNamed } from "./choose-trainer.ts";
import type { BookingDeps } from "./deps.ts";
import type { Wish } from "./eligibility.ts";
import { etagMatches } from "./etag.ts";
import { noSessionAhead } from "./move-refusals.ts";
import type { Visible } from "./operator.ts";
import { mayBe, type Purchase, purchaseMissing } from "./purchase.ts";
import { findPurchasesByIds, findSessionsOfAll } from "./purchase-queries.ts";
import { byStartTime, isAhead, reassign, type Session, sessionMissing } from "./session.ts";

/** Sessions of one purchase that go to another trainer. */
export interface Reassignment extends Assignment {
  /** As they are now, by start time. */
  sessions: Session[];
  /** All that the purchase has. */
  all: readonly Session[];
}

interface Wanted {
  purchaseId: string;
  etag: string;
  sessionIds: string[];
  trainerId: string | null;
}

/** Refuses a purchase that is there twice, a session too, and several changes that leave a trainer open. */
export function readReassignments({ reassignments }: ReassignTrainerRequest): Wanted[] {
  const violations: FieldViolation[] = [];
  const seen = new Set<string>();
  const wanted = reassignments.map(({ purchaseId, etag, sessionIds, trainerId }, index) => {
    const at = `reassignments[${index}]`;
    const ids = sessionIds.map((id) => id.toLowerCase());
    if (seen.has(purchaseId.toLowerCase())) violations.push({ path: `${at}.purchase_id`, message: "is there before" });
    seen.add(purchaseId.toLowerCase());
    if (new Set(ids).size < ids.length) violations.push({ path: `${at}.session_ids`, message: "names one twice" });
    if (trainerId === undefined && reassignments.length > 1) {
      violations.push({ path: `${at}.trainer_id`, message: "is required where there are several reassignments" });
    }
    return { purchaseId: purchaseId.toLowerCase(), etag, sessionIds: ids, trainerId: trainerId?.toLowerCase() ?? null };
  });
  if (violations.length > 0) throw invalidFields(violations);
  return wanted;
}

/** What each change is about and who may be its trainer, by one read each of all purchases, their sessions and who is named. */
export async function planReassignments(
  deps: BookingDeps,
  wanted: Wanted[],
  { visible, at }: { visible: Visible; at: Temporal.Instant },
): Promise<Reassignment[]> {
  const changes: { one: Wanted; purchase: Purchase; sessions: Session[]; all: Session[] }[] = [];
  const ids = wanted.map(({ purchaseId }) => purchaseId);
  const purchases = await findPurchasesByIds(deps.db, ids, visible);
  const byId = new Map(purchases.map((purchase) => [purchase.purchaseId, purchase]));
  const sessionsOf = Map.groupBy(await findSessionsOfAll(deps.db, purchases), ({ purchaseId }) => purchaseId);
  for (const one of wanted) {
    const purchase = byId.get(one.purchaseId);
    if (!purchase) throw purchaseMissing(one.purchaseId);
    etagMatches(one.etag, purchase.version);
    mayBe("reassign", purchase);
    const all = sessionsOf.get(one.purchaseId) ?? [];
    changes.push({ one, purchase, sessions: wantedSessions(one, all, at), all });
  }

  const named = await readNamed(
    deps.trainers,
    wanted.flatMap(({ trainerId }) => trainerId ?? []),
  );
  return Promise.all(
    changes.map(async ({ one, purchase, sessions, all }) => ({
      decisionId: deps.newId(),
      purchase,
      sessions,
      slots: sessions,
      all,
      choice: await choose(deps, { purchase, sessions, named, trainerId: one.trainerId }, at),
    })),
  );
}

function wantedSessions({ purchaseId, sessionIds }: Wanted, all: readonly Session[], at: Temporal.Instant): Session[] {
  const byId = new Map(all.map((session) => [session.sessionId, session]));
  const wanted =
    sessionIds.length === 0
      ? all.filter((session) => isAhead(session, at))
      : sessionIds.map((sessionId) => {
          const session = byId.get(sessionId);
          if (!session) throw sessionMissing(sessionId);
          reassign(session, session.trainerId, at);
          return session;
        });
  if (wanted.length === 0) throw noSessionAhead(purchaseId);
  return wanted.toSorted(byStartTime);
}

function choose(
  deps: BookingDeps,
  change: { purchase: Purchase; sessions: Session[]; named: Named; trainerId: string | null },
  now: Temporal.Instant,
) {
  const { purchase, sessions, named, trainerId } = change;
  const { courseId, operatorId, location, studentId } = purchase;
  const wish: Wish = { courseId, operatorId, location, slots: sessions };
  if (trainerId !== null) return chooseNamed(wish, named, trainerId);
  const except = new Set(sessions.map((session) => session.trainerId));
  return chooseBest(deps, wish, { studentId, except, now });
}
