import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { recordVersion, type TrainerKey } from "./queries.ts";
import type { Trainer } from "./trainer.ts";

export interface Change {
  action: string;
  caller: Caller;
  request: { requestId: string };
  /** What the trainer's history does not tell. */
  detail?: Record<string, unknown>;
  now: Temporal.Instant;
}

/** Ends every change of a trainer: its new version enters the history, the change the audit log. */
export async function recordChange(
  tx: Transaction,
  key: TrainerKey,
  { action, caller, request, detail, now }: Change,
): Promise<Trainer> {
  const trainer = await recordVersion(tx, key, now);
  await writeAudit(tx, {
    caller,
    action,
    entity: "trainer",
    entityId: key.trainerId,
    operatorId: key.operatorId,
    requestId: request.requestId,
    traceId: currentTrace()?.traceId ?? null,
    detail: { version: trainer.version, ...detail },
    now,
  });
  return trainer;
}
