import {
  CertificateService,
  type ReconcileCertificateRequest,
  type ReconcileCertificateResponse,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { once } from "../runtime/idempotency.ts";
import type { Certificate, Statement } from "./certificate.ts";
import { everySession } from "./completion-ledger.ts";
import type { IssueDeps } from "./deps.ts";
import { type By, issue, writeCertificateAudit } from "./issue.ts";
import type { IssueFirst } from "./issue-first.ts";
import { lockCertificateOfPurchase, noteLedger, saveStanding, saveStatement } from "./queries.ts";
import { readStatement } from "./read-statement.ts";
import { toProto } from "./to-proto.ts";

export interface ReconcileDeps extends IssueDeps {
  issueFirst: IssueFirst;
}

/**
 * The ledger is read before the transaction, and two readings may be written in either order: the version of the ledger
 * decides. A reading that was outrun has nothing to add, since the later one has been carried out.
 */
export async function reconcileCertificate(
  deps: ReconcileDeps,
  request: ReconcileCertificateRequest,
  caller: Caller,
): Promise<ReconcileCertificateResponse> {
  const { purchaseId, requestId } = request;
  const now = deps.now();
  const ledger = await deps.readLedger(purchaseId);
  const completed = everySession(ledger);
  const due = completed && (await readStatement(deps, ledger, completed, now));

  const call = { method: CertificateService.method.reconcileCertificate, caller, request, now };
  const issued = due && (await deps.issueFirst({ due, ledger, call }));
  if (issued) return issued;
  return once(deps.db, call, async (tx) => {
    const isLatest = await noteLedger(tx, ledger);
    const certificate = await lockCertificateOfPurchase(tx, purchaseId);
    const by = { caller, requestId, now };
    const brought = isLatest ? await bring(tx, { certificate, due }, deps, by) : certificate;
    return { ...(brought && { certificate: toProto(brought) }), ledgerVersion: BigInt(ledger.version) };
  });
}

/** A certificate that nothing can make valid again is left as it is. */
async function bring(
  tx: Transaction,
  { certificate, due }: { certificate: Certificate | null; due: Statement | null },
  deps: IssueDeps,
  by: By,
): Promise<Certificate | null> {
  if (!certificate) return due && issue(tx, due, deps, by);
  if (certificate.state === "revoked") return certificate;
  return due ? restate(tx, certificate, due, by) : reopen(tx, certificate, by);
}

async function reopen(tx: Transaction, certificate: Certificate, by: By): Promise<Certificate> {
  if (certificate.reopenTime) return certificate;
  const suspended = await saveStanding(tx, certificate.certificateId, { ...certificate, reopenTime: by.now });
  await writeCertificateAudit(tx, suspended, "SuspendCertificate", by);
  return suspended;
}

async function restate(tx: Transaction, certificate: Certificate, due: Statement, by: By): Promise<Certificate> {
  if (!certificate.reopenTime && certificate.ledgerDigest === due.ledgerDigest) return certificate;
  const restated = await saveStatement(tx, certificate.certificateId, due);
  const isReinstated = certificate.state !== "valid" && restated.state === "valid";
  await writeCertificateAudit(tx, restated, isReinstated ? "ReinstateCertificate" : "RestateCertificate", by);
  return restated;
}
