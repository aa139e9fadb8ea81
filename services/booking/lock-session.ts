import type { Transaction } from "../runtime/database.ts";
import { lockPurchases, lockStudentOfSession, lockStudentsOfPurchases } from "./lock-queries.ts";
import type { Visible } from "./operator.ts";
import { type Purchase, purchaseMissing } from "./purchase.ts";
import { findSession } from "./purchase-queries.ts";
import { type Session, sessionMissing } from "./session.ts";

/** A session whose times may change: its student and its purchase are locked, in the order of all who lock. */
export async function lockSession(
  tx: Transaction,
  sessionId: string,
  visible: Visible,
): Promise<{ session: Session; purchase: Purchase }> {
  const key = await lockStudentOfSession(tx, sessionId, visible);
  if (!key) throw sessionMissing(sessionId);
  // By its id alone: a trainer may see a session of a purchase that is another's.
  const [purchase] = await lockPurchases(tx, [key.purchaseId], { of: "everybody" });
  // Another trainer may have been given it meanwhile.
  const session = purchase && (await findSession(tx, sessionId, visible));
  if (!session) throw sessionMissing(sessionId);
  return { session, purchase };
}

/** A purchase whose sessions may change: it and its student are locked. */
export async function lockSchedule(tx: Transaction, purchaseId: string, visible: Visible): Promise<Purchase> {
  await lockStudentsOfPurchases(tx, [purchaseId], visible);
  const [purchase] = await lockPurchases(tx, [purchaseId], visible);
  if (!purchase) throw purchaseMissing(purchaseId);
  return purchase;
}
