import type { Transaction } from "../runtime/database.ts";
import { lockPurchase, lockStudentOfPurchase, lockStudentOfSession } from "./lock-queries.ts";
import type { Visible } from "./operator.ts";
import { type Purchase, purchaseMissing } from "./purchase.ts";
import { findSession, findSessionsOf } from "./purchase-queries.ts";
import { type Session, sessionMissing } from "./session.ts";

/** A session whose times may change: its student and its purchase are locked, in the order of all who lock. */
export async function lockSession(
  tx: Transaction,
  sessionId: string,
  visible: Visible,
): Promise<{ session: Session; purchase: Purchase }> {
  const key = await lockStudentOfSession(tx, sessionId, visible);
  if (!key) throw sessionMissing(sessionId);
  const purchase = await lockPurchase(tx, key.purchaseId);
  // Another trainer may have been given it meanwhile.
  const session = await findSession(tx, sessionId, visible);
  if (!session) throw sessionMissing(sessionId);
  return { session, purchase };
}

/** A purchase whose sessions may change, in order: it and its student are locked. */
export async function lockSchedule(
  tx: Transaction,
  purchaseId: string,
  visible: Visible,
): Promise<{ purchase: Purchase; sessions: readonly Session[] }> {
  if (!(await lockStudentOfPurchase(tx, purchaseId, visible))) throw purchaseMissing(purchaseId);
  const purchase = await lockPurchase(tx, purchaseId);
  return { purchase, sessions: await findSessionsOf(tx, purchase) };
}
