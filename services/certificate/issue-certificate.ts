import {
  CertificateService,
  type IssueCertificateRequest,
  type IssueCertificateResponse,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import { certificateMissing } from "./certificate.ts";
import { earned, ledgerOutrun } from "./completion-ledger.ts";
import type { IssueDeps } from "./deps.ts";
import { issue } from "./issue.ts";
import { findCertificateOfPurchase, noteLedger } from "./queries.ts";
import { readStatement } from "./read-statement.ts";
import { toProto } from "./to-proto.ts";

/**
 * The refusals come before the request is recorded, so that none of them is kept: what was too early a minute ago may be
 * earned now.
 */
export async function issueCertificate(
  deps: IssueDeps,
  request: IssueCertificateRequest,
  caller: Caller,
): Promise<IssueCertificateResponse> {
  const { purchaseId, requestId } = request;
  const now = deps.now();
  const issued = (await findCertificateOfPurchase(deps.db, purchaseId)) !== null;
  const due = issued ? null : await readDue(deps, purchaseId, now);

  return once(deps.db, { method: CertificateService.method.issueCertificate, caller, request, now }, async (tx) => {
    if (due && !(await noteLedger(tx, due.ledger))) throw ledgerOutrun(purchaseId);
    const certificate = due
      ? await issue(tx, due.statement, deps, { caller, requestId, now })
      : await findCertificateOfPurchase(tx, purchaseId);
    if (!certificate) throw certificateMissing();
    return { certificate: toProto(certificate) };
  });
}

async function readDue(deps: IssueDeps, purchaseId: string, now: Temporal.Instant) {
  const ledger = await deps.readLedger(purchaseId);
  return { ledger, statement: await readStatement(deps, ledger, earned(ledger), now) };
}
