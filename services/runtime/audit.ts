import { z } from "zod";
import { RoleSchema } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { currentCall } from "./call-context.ts";
import type { Caller } from "./caller.ts";
import { sql, type Transaction } from "./database.ts";

export interface AuditEntry {
  caller: Caller;
  /** What was done, as the contract names it ("CreateTrainer"). */
  action: string;
  entity: string;
  entityId: string;
  /** Whose it is; null for what belongs to no operator. */
  operatorId: string | null;
  requestId: string;
  traceId: string | null;
  /** What a reader of the log should know beside it. Becomes JSON. */
  detail?: unknown;
  now: Temporal.Instant;
}

const json = z.json();

/** Notes a change in the audit log, in the transaction of the change, and on whose behalf a service made it. */
export async function writeAudit(tx: Transaction, entry: AuditEntry): Promise<void> {
  const { caller, now } = entry;
  const role = RoleSchema.value[caller.role]?.localName.toLowerCase() ?? String(caller.role);
  const detail = entry.detail === undefined ? null : sql.jsonb(json.parse(JSON.parse(JSON.stringify(entry.detail))));
  await tx.query(sql.type(z.object({}))`
    insert into audit_log
      (at, subject, role, action, entity, entity_id, operator_id, request_id, trace_id, detail, on_behalf_of)
    values
      (${now.toString()}, ${caller.subject}, ${role}, ${entry.action}, ${entry.entity}, ${entry.entityId},
       ${entry.operatorId}, ${entry.requestId}, ${entry.traceId}, ${detail},
       ${currentCall()?.onBehalfOf?.subject ?? null})
  `);
}
