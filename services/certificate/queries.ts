import { z } from "zod";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Certificate, Standing, Statement } from "./certificate.ts";
import type { CompletionLedger } from "./completion-ledger.ts";
import type { Visible } from "./visible.ts";

export const certificateRow = z.object({
  certificateId: z.string(),
  number: z.string(),
  code: z.string(),
  state: z.enum(["valid", "suspended", "revoked"]),
  purchaseId: z.string(),
  franchiseId: z.string().nullable(),
  operatorId: z.string(),
  operatorName: z.string(),
  studentId: z.string(),
  studentName: z.string(),
  courseId: z.string(),
  courseName: z.string(),
  sessionCount: z.number(),
  totalMinutes: z.number(),
  firstSessionTime: instant,
  lastSessionTime: instant,
  completeTime: instant,
  issueTime: instant,
  ledgerDigest: z.string(),
  studentLanguage: z.string(),
  trainerNames: z.array(z.string()),
  zoneName: z.string(),
  timeZone: z.string(),
  holdTime: instant.nullable(),
  holdReason: z.string().nullable(),
  holdBy: z.enum(["operator", "company"]).nullable(),
  reopenTime: instant.nullable(),
  revokeTime: instant.nullable(),
  revokeReason: z.string().nullable(),
  version: z.number(),
  statusList: z.number(),
  statusIndex: z.number(),
});

export const certificateColumns = sql.fragment`
  certificate_id as "certificateId", number, code, state, purchase_id as "purchaseId",
  franchise_id as "franchiseId", operator_id as "operatorId", operator_name as "operatorName",
  student_id as "studentId", student_name as "studentName", course_id as "courseId", course_name as "courseName",
  session_count as "sessionCount", total_minutes as "totalMinutes",
  first_session_time as "firstSessionTime", last_session_time as "lastSessionTime",
  complete_time as "completeTime", issue_time as "issueTime", ledger_digest as "ledgerDigest",
  student_language as "studentLanguage", trainer_names as "trainerNames", zone_name as "zoneName",
  time_zone as "timeZone", hold_time as "holdTime", hold_reason as "holdReason", hold_by as "holdBy", reopen_time as "reopenTime",
  revoke_time as "revokeTime", revoke_reason as "revokeReason", version,
  status_list as "statusList", status_index as "statusIndex"
`;

export function findCertificateOfPurchase(db: Queryable, purchaseId: string): Promise<Certificate | null> {
  return db.maybeOne(sql.type(certificateRow)`
    select ${certificateColumns} from certificate where purchase_id = ${purchaseId}
  `);
}

/** Row-locked. */
export function lockCertificateOfPurchase(tx: Transaction, purchaseId: string): Promise<Certificate | null> {
  return tx.maybeOne(sql.type(certificateRow)`
    select ${certificateColumns} from certificate where purchase_id = ${purchaseId} for update
  `);
}

/**
 * False when a later ledger of the purchase has been seen. Whoever notes one for the same purchase meanwhile waits until
 * this transaction has ended.
 */
export async function noteLedger(tx: Transaction, ledger: CompletionLedger): Promise<boolean> {
  const { rowCount } = await tx.query(sql.unsafe`
    insert into ledger_seen as seen (operator_id, purchase_id, version)
    values (${ledger.operatorId}, ${ledger.purchaseId}, ${ledger.version})
    on conflict (operator_id, purchase_id) do update set version = excluded.version
    where seen.version <= excluded.version
  `);
  return rowCount > 0;
}

export function findCertificateByCode(db: Database, code: string): Promise<Certificate | null> {
  return db.maybeOne(sql.type(certificateRow)`
    select ${certificateColumns} from certificate where code = ${code}
  `);
}

export function findCertificate(db: Database, certificateId: string, visible: Visible): Promise<Certificate | null> {
  return db.maybeOne(sql.type(certificateRow)`
    select ${certificateColumns} from certificate where certificate_id = ${certificateId} and ${isVisible(visible)}
  `);
}

export function findCertificateByNumber(db: Database, number: string, visible: Visible): Promise<Certificate | null> {
  return db.maybeOne(sql.type(certificateRow)`
    select ${certificateColumns} from certificate where number = ${number} and ${isVisible(visible)}
  `);
}

/** Row-locked: of two who change it at once, the second must see what the first did. */
export function lockCertificate(tx: Transaction, certificateId: string, visible: Visible): Promise<Certificate | null> {
  return tx.maybeOne(sql.type(certificateRow)`
    select ${certificateColumns} from certificate where certificate_id = ${certificateId} and ${isVisible(visible)} for update
  `);
}

export function saveStanding(tx: Transaction, certificateId: string, standing: Standing): Promise<Certificate> {
  const { holdTime, holdReason, holdBy, reopenTime, revokeTime, revokeReason } = standing;
  return tx.one(sql.type(certificateRow)`
    update certificate
    set hold_time = ${holdTime?.toString() ?? null}, hold_reason = ${holdReason}, hold_by = ${holdBy},
      reopen_time = ${reopenTime?.toString() ?? null},
      revoke_time = ${revokeTime?.toString() ?? null}, revoke_reason = ${revokeReason}, version = version + 1
    where certificate_id = ${certificateId}
    returning ${certificateColumns}
  `);
}

/** What the ledger says anew, as of now, and that no session is open. Who and what it is about stays. */
export function saveStatement(tx: Transaction, certificateId: string, due: Statement): Promise<Certificate> {
  return tx.one(sql.type(certificateRow)`
    update certificate
    set reopen_time = null, ledger_digest = ${due.ledgerDigest}, total_minutes = ${due.totalMinutes},
      first_session_time = ${due.firstSessionTime.toString()}, last_session_time = ${due.lastSessionTime.toString()},
      complete_time = ${due.completeTime.toString()}, issue_time = ${due.issueTime.toString()},
      trainer_names = ${sql.array([...due.trainerNames], "text")}, version = version + 1
    where certificate_id = ${certificateId}
    returning ${certificateColumns}
  `);
}

export interface CertificateFilter {
  visible: Visible;
  studentId: string | null;
  purchaseId: string | null;
  /** The last certificate of the page before. */
  olderThan: string | null;
  limit: number;
}

export async function findCertificates(db: Database, filter: CertificateFilter): Promise<Certificate[]> {
  const rows = await db.any(sql.type(certificateRow)`
    select ${certificateColumns} from certificate
    where ${isVisible(filter.visible)}
      and (${filter.studentId}::uuid is null or student_id = ${filter.studentId})
      and (${filter.purchaseId}::uuid is null or purchase_id = ${filter.purchaseId})
      and (${filter.olderThan}::uuid is null or certificate_id < ${filter.olderThan})
    order by certificate_id desc
    limit ${filter.limit}
  `);
  return [...rows];
}

function isVisible(visible: Visible) {
  switch (visible.of) {
    case "everybody":
      return sql.fragment`true`;
    case "operator":
      return sql.fragment`operator_id = ${visible.operatorId}`;
    case "student":
      return sql.fragment`student_id = ${visible.studentId}`;
    case "nobody":
      return sql.fragment`false`;
  }
}
