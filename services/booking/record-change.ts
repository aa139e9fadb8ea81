import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import type { Purchase } from "./purchase.ts";
import { savePurchase } from "./purchase-queries.ts";

export interface Change {
  action: string;
  caller: Caller;
  request: { requestId: string };
  now: Temporal.Instant;
}

interface Of {
  sessionId?: string;
  detail?: Record<string, unknown>;
}

/** Ends every change of a purchase or of its sessions: the purchase has a new version, the audit log an entry. */
export async function recordChange(tx: Transaction, purchase: Purchase, change: Change, of: Of = {}): Promise<void> {
  await savePurchase(tx, purchase);
  await noteChange(tx, purchase, change, of);
}

/** The audit log's entry alone, of a purchase that is saved with others. */
export async function noteChange(
  tx: Transaction,
  purchase: Purchase,
  { action, caller, request, now }: Change,
  of: Of,
): Promise<void> {
  await writeAudit(tx, {
    caller,
    action,
    entity: of.sessionId === undefined ? "purchase" : "session",
    entityId: of.sessionId ?? purchase.purchaseId,
    operatorId: purchase.operatorId,
    requestId: request.requestId,
    traceId: currentTrace()?.traceId ?? null,
    detail: { purchase_id: purchase.purchaseId, version: purchase.version, ...of.detail },
    now,
  });
}
