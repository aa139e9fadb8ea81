import { type AuditEntry, writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import type { Certificate, ShownCertificate, Statement } from "./certificate.ts";
import { newCertificateCode } from "./certificate-code.ts";
import { newCertificateNumber } from "./certificate-number.ts";
import type { IssueDeps } from "./deps.ts";
import { insertCertificate } from "./insert-queries.ts";
import { findCertificateOfPurchase } from "./queries.ts";

const ATTEMPTS = 5;

/** Who has a change made, under which request, and when. */
export interface By {
  caller: Caller;
  requestId: string;
  now: Temporal.Instant;
}

/**
 * Writes the certificate and its audit row, or answers with the one that the purchase has. The insert tells neither which
 * key was taken nor by whom: either the purchase has its certificate, or chance struck.
 */
export async function issue(
  tx: Transaction,
  due: Statement,
  { newId, random }: Pick<IssueDeps, "newId" | "random">,
  by: By,
): Promise<Certificate> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const inserted = await insertCertificate(tx, numbered(due, { newId, random }));
    if (inserted) {
      await writeCertificateAudit(tx, inserted, "IssueCertificate", by);
      return inserted;
    }
    const first = await findCertificateOfPurchase(tx, due.purchaseId);
    if (first) return first;
  }
  throw new Error(`${ATTEMPTS} certificate numbers in a row were taken: the random source is broken`);
}

export function numbered(due: Statement, { newId, random }: Pick<IssueDeps, "newId" | "random">) {
  return {
    ...due,
    certificateId: newId(),
    number: newCertificateNumber(random),
    code: newCertificateCode(random),
  };
}

export function writeCertificateAudit(
  tx: Transaction,
  certificate: Certificate,
  action: LedgerAction,
  by: By,
): Promise<void> {
  return writeAudit(tx, certificateAudit(certificate, action, by));
}

/** A change that follows from the ledger. */
type LedgerAction = "IssueCertificate" | "SuspendCertificate" | "ReinstateCertificate" | "RestateCertificate";

export function certificateAudit(certificate: ShownCertificate, action: LedgerAction, by: By): AuditEntry {
  const { certificateId, operatorId, purchaseId, number, ledgerDigest, state } = certificate;
  return {
    ...by,
    action,
    entity: "certificate",
    entityId: certificateId,
    operatorId,
    traceId: currentTrace()?.traceId ?? null,
    detail: { purchase_id: purchaseId, number, ledger_digest: ledgerDigest, state },
  };
}
