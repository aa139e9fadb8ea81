import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ReconcileCertificateRequestSchema,
  ReconcileCertificateResponseSchema,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { auditRow } from "../runtime/audit.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { answering, type IdempotentCall } from "../runtime/idempotency.ts";
import type { ShownCertificate, Statement } from "./certificate.ts";
import type { CompletionLedger } from "./completion-ledger.ts";
import type { IssueDeps } from "./deps.ts";
import { certificateAudit, numbered } from "./issue.ts";
import { insertFirstCertificate } from "./queries.ts";
import { toProto } from "./to-proto.ts";

type Call = IdempotentCall<typeof ReconcileCertificateRequestSchema, typeof ReconcileCertificateResponseSchema>;
type Response = MessageInitShape<typeof ReconcileCertificateResponseSchema>;

/**
 * What nearly every job comes to, with the answer, the ledger's version and the audit row in one round trip, where the
 * transaction takes ten. Null, and nothing is written, when anything of it was there before or came meanwhile: the
 * transaction finds out what.
 */
export async function issueFirst(
  { db, newId, random }: Pick<IssueDeps, "db" | "newId" | "random">,
  { due, ledger }: { due: Statement; ledger: CompletionLedger },
  call: Call,
): Promise<Response | null> {
  const certificate = asIssued(numbered(due, { newId, random }));
  const response = { certificate: toProto(certificate), ledgerVersion: BigInt(ledger.version) };
  const by = { caller: call.caller, requestId: call.request.requestId, now: call.now };
  const audit = auditRow(certificateAudit(certificate, "IssueCertificate", by));
  try {
    const issued = await insertFirstCertificate(db, { certificate, ledger, audit, answer: answering(call, response) });
    return issued ? response : null;
  } catch (error) {
    if (constraintOf(error) === null) throw error;
    return null;
  }
}

/** As the database has every certificate begin. */
function asIssued(certificate: ReturnType<typeof numbered>): ShownCertificate {
  const hold = { holdTime: null, holdReason: null, holdBy: null };
  const others = { reopenTime: null, revokeTime: null, revokeReason: null };
  return { ...certificate, ...hold, ...others, state: "valid", version: 1 };
}
