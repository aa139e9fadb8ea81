import { z } from "zod";
import { auditInsert, type auditRecord } from "../runtime/audit.ts";
import { type Database, type SqlFragment, sql, type Transaction } from "../runtime/database.ts";
import { answerInsert, type answerRecord } from "../runtime/idempotency.ts";
import type { Certificate, Statement } from "./certificate.ts";
import { certificateColumns, certificateRow } from "./queries.ts";

export interface NewCertificate extends Statement {
  certificateId: string;
  number: string;
  code: string;
}

/** A certificate that is its purchase's first, and what belongs to it. */
export interface FirstCertificate {
  certificate: NewCertificate;
  ledgerVersion: number;
  answer: ReturnType<typeof answerRecord>;
  audit: ReturnType<typeof auditRecord>;
}

/** Null when the purchase has its certificate, waiting for whoever issues it just now; also when a key is taken. */
export function insertCertificate(tx: Transaction, certificate: NewCertificate): Promise<Certificate | null> {
  const record = JSON.stringify(certificateRecord(certificate));
  return tx.maybeOne(sql.type(certificateRow)`
    ${certificateInsert(sql.fragment`(select ${record}::json as certificate) as due`)}
    on conflict do nothing
    returning ${certificateColumns}
  `);
}

/**
 * The purchases whose certificates were written: those that had none, no ledger of which was seen, and whose request was
 * not answered. In one statement, which takes the locks of each purchase in the order in which a transaction would, and
 * the purchases in one order. Whoever was as fast breaks a key of what the other wrote, and nothing is written.
 */
export async function insertFirstCertificates(
  db: Database,
  firsts: readonly FirstCertificate[],
): Promise<ReadonlySet<string>> {
  const { issued } = await db.one(sql.type(z.object({ issued: z.array(z.string()) }))`
    with due as (
      select d.* from json_to_recordset(${JSON.stringify(firsts.map(firstRecord))}::json) as d (
        purchase_id uuid, operator_id uuid, version bigint, subject text, request_id uuid, answer json, certificate json,
        audit json
      )
      where not exists (select from certificate c where c.purchase_id = d.purchase_id)
        and not exists (select from ledger_seen s where (s.operator_id, s.purchase_id) = (d.operator_id, d.purchase_id))
        and not exists (select from idempotency i where (i.subject, i.request_id) = (d.subject, d.request_id))
    ),
    answered as (${answerInsert(sql.fragment`due`)} returning request_id),
    seen as (
      insert into ledger_seen (operator_id, purchase_id, version)
      select operator_id, purchase_id, version from due join answered using (request_id) order by purchase_id
      returning purchase_id
    ),
    issued as (${certificateInsert(sql.fragment`due join seen using (purchase_id)`)} returning purchase_id),
    noted as (${auditInsert(sql.fragment`due join issued using (purchase_id)`)} returning 1)
    select array(select purchase_id::text from issued) as issued
  `);
  return new Set(issued);
}

/** From the column `certificate` of `rows`. */
function certificateInsert(rows: SqlFragment) {
  return sql.fragment`
    insert into certificate (
      certificate_id, number, code, purchase_id, franchise_id, operator_name, student_id, student_name,
      course_id, course_name, session_count, total_minutes, first_session_time, last_session_time,
      complete_time, issue_time, ledger_digest, student_language, trainer_names, zone_name, time_zone
    ) select
      c.certificate_id, c.number, c.code, c.purchase_id, c.franchise_id, c.operator_name, c.student_id, c.student_name,
      c.course_id, c.course_name, c.session_count, c.total_minutes, c.first_session_time, c.last_session_time,
      c.complete_time, c.issue_time, c.ledger_digest, c.student_language, c.trainer_names, c.zone_name, c.time_zone
    from ${rows}, json_populate_record(null::certificate, certificate) as c
  `;
}

function firstRecord({ certificate, ledgerVersion, answer, audit }: FirstCertificate) {
  return {
    purchase_id: certificate.purchaseId,
    operator_id: certificate.operatorId,
    version: ledgerVersion,
    subject: answer.subject,
    request_id: answer.request_id,
    certificate: certificateRecord(certificate),
    answer,
    audit,
  };
}

function certificateRecord(certificate: NewCertificate) {
  return {
    certificate_id: certificate.certificateId,
    number: certificate.number,
    code: certificate.code,
    purchase_id: certificate.purchaseId,
    franchise_id: certificate.franchiseId,
    operator_name: certificate.operatorName,
    student_id: certificate.studentId,
    student_name: certificate.studentName,
    course_id: certificate.courseId,
    course_name: certificate.courseName,
    session_count: certificate.sessionCount,
    total_minutes: certificate.totalMinutes,
    first_session_time: certificate.firstSessionTime.toString(),
    last_session_time: certificate.lastSessionTime.toString(),
    complete_time: certificate.completeTime.toString(),
    issue_time: certificate.issueTime.toString(),
    ledger_digest: certificate.ledgerDigest,
    student_language: certificate.studentLanguage,
    trainer_names: certificate.trainerNames,
    zone_name: certificate.zoneName,
    time_zone: certificate.timeZone,
  };
}
