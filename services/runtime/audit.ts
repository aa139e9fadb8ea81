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
  await tx.query(sql.type(z.object({}))`${auditRow(entry)}`);
}

/** The statement that notes it, as a part of another: to be continued by `from` or `where`. */
export function auditRow(entry: AuditEntry) {
  const { caller, now } = entry;
  const role = RoleSchema.value[caller.role]?.localName.toLowerCase() ?? String(caller.role);
  const detail = entry.detail === undefined ? null : sql.jsonb(json.parse(JSON.parse(JSON.stringify(entry.detail))));
  return sql.fragment`
    insert into audit_log
      (at, subject, role, action, entity, entity_id, operator_id, request_id, trace_id, detail, on_behalf_of)
    select
      ${now.toString()}::timestamptz, ${caller.subject}, ${role}, ${entry.action}, ${entry.entity}, ${entry.entityId},
      ${entry.operatorId}::uuid, ${entry.requestId}, ${entry.traceId}, ${detail}::jsonb,
      ${currentCall()?.onBehalfOf?.subject ?? null}
  `;
}
