import { z } from "zod";
import { RoleSchema } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { currentCall } from "./call-context.ts";
import type { Caller } from "./caller.ts";
import { type SqlFragment, sql, type Transaction } from "./database.ts";

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

/** Notes a change in the audit log, in the transaction of the change, and on whose behalf a service made it. */
export async function writeAudit(tx: Transaction, entry: AuditEntry): Promise<void> {
  const record = JSON.stringify(auditRecord(entry));
  await tx.query(sql.type(z.object({}))`${auditInsert(sql.fragment`(select ${record}::json as audit) as noted`)}`);
}

/** What is noted of a change that is one statement, perhaps with others: to be sent as JSON. */
export function auditRecord({ caller, now, detail, ...entry }: AuditEntry) {
  return {
    at: now.toString(),
    subject: caller.subject,
    role: RoleSchema.value[caller.role]?.localName.toLowerCase() ?? String(caller.role),
    action: entry.action,
    entity: entry.entity,
    entity_id: entry.entityId,
    operator_id: entry.operatorId,
    request_id: entry.requestId,
    trace_id: entry.traceId,
    detail: detail ?? null,
    on_behalf_of: currentCall()?.onBehalfOf?.subject ?? null,
  };
}

/** The statement that notes the records in the column `audit` of `rows`, as a part of another. */
export function auditInsert(rows: SqlFragment) {
  return sql.fragment`
    insert into audit_log
      (at, subject, role, action, entity, entity_id, operator_id, request_id, trace_id, detail, on_behalf_of)
    select
      a.at, a.subject, a.role, a.action, a.entity, a.entity_id, a.operator_id, a.request_id, a.trace_id, a.detail,
      a.on_behalf_of
    from ${rows}, json_populate_record(null::audit_log, audit) as a
  `;
}
