import { z } from "zod";
import { type Database, sql } from "../../runtime/database.ts";

const auditRow = z.object({
  action: z.string(),
  entity: z.string(),
  operatorId: z.string().nullable(),
  requestId: z.string(),
});

/** The audit log of a thing, oldest first. */
export function auditOf(db: Database, entityId: string | undefined) {
  return db.any(sql.type(auditRow)`
    select action, entity, operator_id as "operatorId", request_id as "requestId"
    from audit_log where entity_id = ${entityId ?? ""} order by id
  `);
}
