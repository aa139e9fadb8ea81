import { create, type MessageShape } from "@bufbuild/protobuf";
import {
  type ReconcileCertificateRequestSchema,
  ReconcileCertificateResponseSchema,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { auditRecord } from "../runtime/audit.ts";
import { runForAll } from "../runtime/call-context.ts";
import { coalesce } from "../runtime/coalesce.ts";
import type { Database } from "../runtime/database.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { answerRecord, type IdempotentCall } from "../runtime/idempotency.ts";
import type { ShownCertificate, Statement } from "./certificate.ts";
import type { CompletionLedger } from "./completion-ledger.ts";
import type { IssueDeps } from "./deps.ts";
import { type FirstCertificate, insertFirstCertificates } from "./insert-queries.ts";
import { certificateAudit, numbered } from "./issue.ts";
import { toProto } from "./to-proto.ts";

const BULK = 100;
/** One is written while the next one is put together. */
const AT_ONCE = 2;

type Response = MessageShape<typeof ReconcileCertificateResponseSchema>;

export interface First {
  due: Statement;
  ledger: CompletionLedger;
  call: IdempotentCall<typeof ReconcileCertificateRequestSchema, typeof ReconcileCertificateResponseSchema>;
}

/**
 * Null, and nothing is written, when anything of it was there before or came meanwhile: a transaction finds out what.
 */
export type IssueFirst = (first: First) => Promise<Response | null>;

/**
 * What nearly every job comes to, with the answer, the ledger's version and the audit row in one round trip, where the
 * transaction takes ten; those that come together share it.
 */
export function firstIssuer({ db, newId, random }: Pick<IssueDeps, "db" | "newId" | "random">): IssueFirst {
  // Only admins and services reconcile, who see every row.
  const insert = coalesce((firsts: FirstCertificate[]) => runForAll(() => insertAll(db.asService(), firsts)), BULK, {
    atOnce: AT_ONCE,
    span: "issue certificates",
  });
  return async ({ due, ledger, call }) => {
    const certificate = asIssued(numbered(due, { newId, random }));
    const answered = { certificate: toProto(certificate), ledgerVersion: BigInt(ledger.version) };
    const response = create(ReconcileCertificateResponseSchema, answered);
    const by = { caller: call.caller, requestId: call.request.requestId, now: call.now };
    const first = {
      certificate,
      ledgerVersion: ledger.version,
      answer: answerRecord(call, response),
      audit: auditRecord(certificateAudit(certificate, "IssueCertificate", by)),
    };
    return (await insert(first)) ? response : null;
  };
}

/** Of two for one purchase only the first is tried here. */
async function insertAll(db: Database, firsts: readonly FirstCertificate[]): Promise<Map<FirstCertificate, true>> {
  const byPurchase = Map.groupBy(firsts, ({ certificate }) => certificate.purchaseId);
  const tried = [...byPurchase.values()].flatMap(([first]) => first ?? []);
  const issued = await insertFirstCertificates(db, tried).catch((error: unknown) => {
    if (constraintOf(error) === null) throw error;
    return new Set<string>();
  });
  return new Map(tried.filter(({ certificate }) => issued.has(certificate.purchaseId)).map((first) => [first, true]));
}

/** As the database has every certificate begin. */
function asIssued(certificate: ReturnType<typeof numbered>): ShownCertificate {
  const hold = { holdTime: null, holdReason: null, holdBy: null };
  const others = { reopenTime: null, revokeTime: null, revokeReason: null };
  return { ...certificate, ...hold, ...others, state: "valid", version: 1 };
}
