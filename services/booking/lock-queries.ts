import { z } from "zod";
import { sql, type Transaction } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Purchase } from "./purchase.ts";
import { purchaseColumns, purchaseRow, visibleIn } from "./purchase-queries.ts";

// Everybody locks in one order, so that nobody waits for somebody who waits for him: students, then purchases, then
// trainers, each kind by its keys. Who completes a session locks its purchase alone, since it frees and takes no time.

const keyRow = z.object({ purchaseId: z.string() });

/** Locks the students of purchases; who is not the caller's to see is left out. */
export async function lockStudentsOfPurchases(tx: Transaction, purchaseIds: string[], visible: Visible): Promise<void> {
  await tx.query(sql.unsafe`
    select from student
    where student_id in (
      select p.student_id from purchase p
      where p.purchase_id = any(${sql.array(purchaseIds, "uuid")}) and ${visibleIn("p", visible)}
    )
    order by student_id
    for no key update
  `);
}

/** Locks the student of a session; null when there is no such session that the caller may see. */
export function lockStudentOfSession(tx: Transaction, sessionId: string, visible: Visible) {
  return tx.maybeOne(sql.type(keyRow)`
    select s.purchase_id as "purchaseId"
    from session s join student t using (student_id)
    where s.session_id = ${sessionId} and ${visibleIn("s", visible)}
    for no key update of t
  `);
}

/** Row-locked, by id: two who change sessions of one purchase at once must both count. */
export function lockPurchases(tx: Transaction, purchaseIds: string[], visible: Visible): Promise<readonly Purchase[]> {
  return tx.any(sql.type(purchaseRow)`
    select ${purchaseColumns} from purchase p
    where p.purchase_id = any(${sql.array(purchaseIds, "uuid")}) and ${visibleIn("p", visible)}
    order by p.purchase_id
    for no key update
  `);
}

/** Row-locked: completing two sessions of one purchase at once must count both. */
export function lockPurchaseOfSession(tx: Transaction, sessionId: string, visible: Visible): Promise<Purchase | null> {
  return tx.maybeOne(sql.type(purchaseRow)`
    select ${purchaseColumns}
    from session s join purchase p using (operator_id, purchase_id)
    where s.session_id = ${sessionId} and ${visibleIn("s", visible)}
    for no key update of p
  `);
}

/** Until the end of the transaction or savepoint: nobody else books these trainers, or frees them, meanwhile. */
export function lockTrainers(tx: Transaction, trainerIds: string[]): Promise<unknown> {
  return tx.query(sql.unsafe`
    select pg_advisory_xact_lock(key) from (
      select distinct hashtextextended(id, 0) as key from unnest(${sql.array(trainerIds, "text")}) as id order by 1
    ) as keys
  `);
}
