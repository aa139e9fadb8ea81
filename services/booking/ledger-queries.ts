import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Purchase } from "./purchase.ts";
import { purchaseColumns, purchaseRow, visiblePurchases } from "./purchase-queries.ts";

const epochMicros = z.int();

/** A session, as an array: thirty objects would name their fields thirty times. */
const ledgerEntry = z.tuple([
  z.string(),
  z.int(),
  z.enum(["scheduled", "completed", "cancelled", "no_show"]),
  z.string(),
  epochMicros,
  epochMicros,
  epochMicros.nullable(),
  z.string().nullable(),
]);

const ledgerFacts = z.object({
  studentName: z.string(),
  studentLanguage: z.string(),
  zoneName: z.string(),
  entries: z.array(ledgerEntry),
});

export type LedgerEntryRow = z.output<typeof ledgerEntry>;
export type Ledger = Purchase & z.output<typeof ledgerFacts>;

/** Purchases, those of them that there are, each with its sessions, all as of one moment. In no order. */
export function findLedgers(
  db: Database,
  purchaseIds: readonly string[],
  visible: Visible,
): Promise<readonly Ledger[]> {
  return db.any(sql.type(z.intersection(purchaseRow, ledgerFacts))`
    select ${purchaseColumns},
      student.name as "studentName", student.language as "studentLanguage", zone.name as "zoneName",
      (
        select coalesce(json_agg(json_build_array(
          s.session_id, s.sequence, s.state, s.trainer_id, ${micros("start_time")}, ${micros("end_time")},
          ${micros("complete_time")}, s.completed_by
        ) order by s.sequence), '[]')
        from session s where s.operator_id = p.operator_id and s.purchase_id = p.purchase_id
      ) as entries
    from purchase p
    join student on student.student_id = p.student_id
    join zone on zone.operator_id = p.operator_id and zone.zone_id = p.zone_id
    where p.purchase_id = any(${sql.array([...purchaseIds], "uuid")}) and ${visiblePurchases(visible)}
  `);
}

function micros(column: string) {
  return sql.fragment`(extract(epoch from ${sql.identifier(["s", column])}) * 1000000)::bigint`;
}
