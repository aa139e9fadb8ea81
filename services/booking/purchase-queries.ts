import { fromBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { DecisionRecordSchema } from "../../gen/cadre/booking/v1/decision_record_pb.ts";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import { type Decision, decisionDocument } from "./decision.ts";
import type { JobContext } from "./job-context.ts";
import type { Visible } from "./operator.ts";
import type { Purchase } from "./purchase.ts";
import { documentFrom } from "./read-record.ts";
import type { Session } from "./session.ts";

export const purchaseColumns = sql.fragment`
  p.purchase_id as "purchaseId", p.student_id as "studentId", p.course_id as "courseId", p.course_name as "courseName",
  p.session_count as "sessionCount", p.session_minutes as "sessionMinutes", p.state,
  jsonb_build_object('latitude', p.latitude, 'longitude', p.longitude) as location,
  p.zone_id as "zoneId", p.operator_id as "operatorId", p.franchise_id as "franchiseId", p.time_zone as "timeZone",
  p.trainer_id as "trainerId", p.decision_id as "decisionId", p.completed_session_count as "completedSessionCount",
  p.version, p.create_time as "createTime", p.complete_time as "completeTime", p.cancel_time as "cancelTime"
`;

export const purchaseRow: z.ZodType<Purchase> = z.object({
  purchaseId: z.string(),
  studentId: z.string(),
  courseId: z.string(),
  courseName: z.string(),
  sessionCount: z.number(),
  sessionMinutes: z.number(),
  state: z.enum(["refused", "assigned", "active", "completed", "cancelled"]),
  location: z.object({ latitude: z.number(), longitude: z.number() }),
  zoneId: z.string(),
  operatorId: z.string(),
  franchiseId: z.string().nullable(),
  timeZone: z.string(),
  trainerId: z.string().nullable(),
  decisionId: z.string(),
  completedSessionCount: z.number(),
  version: z.number(),
  createTime: instant,
  completeTime: instant.nullable(),
  cancelTime: instant.nullable(),
});

export const sessionColumns = sql.fragment`
  s.session_id as "sessionId", s.purchase_id as "purchaseId", s.operator_id as "operatorId", s.sequence,
  s.student_id as "studentId", s.trainer_id as "trainerId", s.start_time as "startTime", s.end_time as "endTime",
  s.time_zone as "timeZone", s.local_start_time as "localStartTime", s.state,
  s.complete_time as "completeTime", s.completed_by as "completedBy", s.version
`;

export const sessionRow = z.object({
  sessionId: z.string(),
  purchaseId: z.string(),
  operatorId: z.string(),
  sequence: z.number(),
  studentId: z.string(),
  trainerId: z.string(),
  startTime: instant,
  endTime: instant,
  timeZone: z.string(),
  localStartTime: z.string().transform((text) => Temporal.PlainDateTime.from(text)),
  state: z.enum(["scheduled", "completed", "cancelled", "no_show"]),
  completeTime: instant.nullable(),
  completedBy: z.string().nullable(),
  version: z.number(),
});

/** Where one page of a list begins and ends, and what it shows. */
export interface PurchaseFilter {
  visible: Visible;
  studentId: string | null;
  trainerId: string | null;
  operatorId: string | null;
  olderThan: string | null;
  limit: number;
}

export function findPurchase(db: Queryable, purchaseId: string, visible: Visible): Promise<Purchase | null> {
  return db.maybeOne(sql.type(purchaseRow)`
    select ${purchaseColumns} from purchase p where p.purchase_id = ${purchaseId} and ${visiblePurchases(visible)}
  `);
}

/** Those of them that there are, in no order. */
export function findPurchasesByIds(db: Queryable, purchaseIds: string[], visible: Visible) {
  return db.any(sql.type(purchaseRow)`
    select ${purchaseColumns} from purchase p
    where p.purchase_id = any(${sql.array(purchaseIds, "uuid")}) and ${visiblePurchases(visible)}
  `);
}

export function findPurchaseOfSession(db: Queryable, session: Session): Promise<Purchase | null> {
  return db.maybeOne(sql.type(purchaseRow)`
    select ${purchaseColumns} from purchase p
    where p.operator_id = ${session.operatorId} and p.purchase_id = ${session.purchaseId}
  `);
}

export function findPurchases(db: Database, filter: PurchaseFilter): Promise<readonly Purchase[]> {
  return db.any(sql.type(purchaseRow)`
    select ${purchaseColumns} from purchase p
    where ${visiblePurchases(filter.visible)}
      ${and("p", "student_id", filter.studentId)}
      ${filter.trainerId === null ? sql.fragment`` : sql.fragment`and ${isGivenBy(filter.trainerId)}`}
      ${and("p", "operator_id", filter.operatorId)}
      ${filter.olderThan === null ? sql.fragment`` : sql.fragment`and p.purchase_id < ${filter.olderThan}`}
    order by p.purchase_id desc
    limit ${filter.limit}
  `);
}

export function findSession(db: Queryable, sessionId: string, visible: Visible): Promise<Session | null> {
  return db.maybeOne(sql.type(sessionRow)`
    select ${sessionColumns} from session s where s.session_id = ${sessionId} and ${visibleIn("s", visible)}
  `);
}

/** All but where, when and by whom the session is held. */
export function saveSession(tx: Transaction, session: Session): Promise<unknown> {
  return tx.query(sql.type(z.object({}))`
    update session
    set state = ${session.state}, complete_time = ${session.completeTime?.toString() ?? null},
      completed_by = ${session.completedBy}, version = ${session.version}
    where operator_id = ${session.operatorId} and purchase_id = ${session.purchaseId}
      and sequence = ${session.sequence}
  `);
}

export function savePurchase(tx: Transaction, purchase: Purchase): Promise<unknown> {
  return tx.query(sql.type(z.object({}))`
    update purchase
    set state = ${purchase.state}, trainer_id = ${purchase.trainerId}, decision_id = ${purchase.decisionId},
      completed_session_count = ${purchase.completedSessionCount},
      complete_time = ${purchase.completeTime?.toString() ?? null},
      cancel_time = ${purchase.cancelTime?.toString() ?? null}, version = ${purchase.version}
    where operator_id = ${purchase.operatorId} and purchase_id = ${purchase.purchaseId}
  `);
}

/** Who gives them, by which decision, and their versions: what a change of trainers may change. */
export function saveTrainersOf(tx: Transaction, purchases: readonly Purchase[]): Promise<unknown> {
  const rows = purchases.map((p) => [p.operatorId, p.purchaseId, p.trainerId, p.decisionId, p.version]);
  return tx.query(sql.unsafe`
    update purchase p set trainer_id = n.trainer_id, decision_id = n.decision_id, version = n.version
    from ${sql.unnest(rows, ["uuid", "uuid", "uuid", "uuid", "int8"])}
      as n (operator_id, purchase_id, trainer_id, decision_id, version)
    where p.operator_id = n.operator_id and p.purchase_id = n.purchase_id
  `);
}

/** In the transaction that completes the purchase or reopens it; the queue's owner works it off. */
export function addCertificateJob(tx: Transaction, purchaseId: string, context: JobContext): Promise<unknown> {
  return tx.query(sql.type(z.object({}))`
    select add_certificate_job(${purchaseId}, ${sql.jsonb({ ...context })})
  `);
}

export function findSessionsOf(db: Queryable, purchase: Purchase): Promise<readonly Session[]> {
  return db.any(sql.type(sessionRow)`
    select ${sessionColumns} from session s
    where s.operator_id = ${purchase.operatorId} and s.purchase_id = ${purchase.purchaseId}
    order by s.sequence
  `);
}

/** The sessions of all of them, each purchase's by sequence. */
export function findSessionsOfAll(db: Queryable, purchases: readonly Purchase[]): Promise<readonly Session[]> {
  const keys = purchases.map(({ operatorId, purchaseId }) => [operatorId, purchaseId]);
  return db.any(sql.type(sessionRow)`
    select ${sessionColumns} from session s
    join ${sql.unnest(keys, ["uuid", "uuid"])} as k (operator_id, purchase_id) using (operator_id, purchase_id)
    order by s.purchase_id, s.sequence
  `);
}

const decisionRow = z
  .object({
    decisionId: z.string(),
    purchaseId: z.string().nullable(),
    operatorId: z.string(),
    refusalReason: z.string().nullable(),
    trainerId: z.string().nullable(),
    takenTrainerIds: z.array(z.string()),
    document: decisionDocument.nullable(),
    record: z.instanceof(Buffer).nullable(),
    createTime: instant,
  })
  .transform(({ document, record, ...decision }): Decision => {
    const told = record ? documentFrom(fromBinary(DecisionRecordSchema, record)) : document;
    if (!told) throw new TypeError("a decision that is stored in no form");
    return { ...decision, record, document: told };
  });

export function findDecision(db: Database, decisionId: string, visible: Visible): Promise<Decision | null> {
  const seen = visible.of === "operator" ? sql.fragment`d.operator_id = ${visible.operatorId}` : everything(visible);
  return db.maybeOne(sql.type(decisionRow)`
    select d.decision_id as "decisionId", d.purchase_id as "purchaseId", d.operator_id as "operatorId",
      d.refusal_reason as "refusalReason", d.trainer_id as "trainerId", d.taken_trainer_ids as "takenTrainerIds",
      d.document, d.record, d.create_time as "createTime"
    from decision d
    where d.decision_id = ${decisionId} and ${seen}
  `);
}

export function visiblePurchases(visible: Visible) {
  return visible.of === "trainer" ? isGivenBy(visible.trainerId) : visibleIn("p", visible);
}

/** The purchases `p` of which the trainer gives all sessions, or some. */
function isGivenBy(trainerId: string) {
  return sql.fragment`p.purchase_id in (
    select purchase_id from purchase where trainer_id = ${trainerId}
    union all
    select purchase_id from trainer_claim where trainer_id = ${trainerId}
  )`;
}

export function visibleIn(table: string, visible: Visible) {
  const column = (name: string) => sql.identifier([table, name]);
  switch (visible.of) {
    case "operator":
      return sql.fragment`${column("operator_id")} = ${visible.operatorId}`;
    case "trainer":
      return sql.fragment`${column("trainer_id")} = ${visible.trainerId}`;
    case "student":
      return sql.fragment`${column("student_id")} = ${visible.studentId}`;
    default:
      return everything(visible);
  }
}

function everything(visible: Visible) {
  return visible.of === "everybody" ? sql.fragment`true` : sql.fragment`false`;
}

export function and(table: string, name: string, value: string | null) {
  return value === null ? sql.fragment`` : sql.fragment`and ${sql.identifier([table, name])} = ${value}`;
}
