import {
  CertificateService,
  type IssueCertificateRequest,
  type IssueCertificateResponse,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database, Transaction } from "../runtime/database.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { type Certificate, certificateMissing, type Statement, statement } from "./certificate.ts";
import { newCertificateCode } from "./certificate-code.ts";
import { newCertificateNumber, type Random } from "./certificate-number.ts";
import { earned } from "./completion-ledger.ts";
import { findCertificateOfPurchase, insertCertificate } from "./queries.ts";
import { type Bookings, readLedger } from "./read-ledger.ts";
import { type OperatorNames, readOperatorName } from "./read-operator-name.ts";
import { readTrainerNames, type Trainers } from "./read-trainer-names.ts";
import { toProto } from "./to-proto.ts";

const ATTEMPTS = 5;

export interface IssueDeps extends OperatorNames {
  db: Database;
  now: Clock;
  newId: () => string;
  random: Random;
  bookings: Bookings;
  trainers: Trainers;
}

/**
 * The refusals come before the request is recorded, so that none of them is kept: the queue asks again with the same
 * request_id, and what was too early then may be earned now.
 */
export async function issueCertificate(
  deps: IssueDeps,
  request: IssueCertificateRequest,
  caller: Caller,
): Promise<IssueCertificateResponse> {
  const { purchaseId, requestId } = request;
  const now = deps.now();
  const issued = (await findCertificateOfPurchase(deps.db, purchaseId)) !== null;
  const due = issued ? null : await readDueStatement(deps, purchaseId, now);

  return once(deps.db, { method: CertificateService.method.issueCertificate, caller, request, now }, async (tx) => {
    if (!due) return { certificate: toProto(await getCertificateOfPurchase(tx, purchaseId)) };
    const { certificate, isNew } = await issue(tx, due, deps);
    if (isNew) await writeIssueAudit(tx, certificate, { caller, requestId, now });
    return { certificate: toProto(certificate) };
  });
}

async function readDueStatement(deps: IssueDeps, purchaseId: string, now: Temporal.Instant): Promise<Statement> {
  const ledger = await readLedger(deps.bookings, purchaseId);
  const completed = earned(ledger);
  const [operatorName, trainerNames] = await Promise.all([
    readOperatorName(deps, ledger.franchiseId),
    readTrainerNames(deps.trainers, new Set(completed.map(({ trainerId }) => trainerId))),
  ]);
  return statement(ledger, completed, { operatorName, trainerNames, now });
}

/** The insert tells neither which key was taken nor by whom: either the purchase has its certificate, or chance struck. */
async function issue(
  tx: Transaction,
  due: Statement,
  { newId, random }: IssueDeps,
): Promise<{ certificate: Certificate; isNew: boolean }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const inserted = await insertCertificate(tx, {
      ...due,
      certificateId: newId(),
      number: newCertificateNumber(random),
      code: newCertificateCode(random),
    });
    if (inserted) return { certificate: inserted, isNew: true };
    const first = await findCertificateOfPurchase(tx, due.purchaseId);
    if (first) return { certificate: first, isNew: false };
  }
  throw new Error(`${ATTEMPTS} certificate numbers in a row were taken: the random source is broken`);
}

async function getCertificateOfPurchase(tx: Transaction, purchaseId: string): Promise<Certificate> {
  const certificate = await findCertificateOfPurchase(tx, purchaseId);
  if (!certificate) throw certificateMissing();
  return certificate;
}

function writeIssueAudit(
  tx: Transaction,
  { certificateId, operatorId, purchaseId, number, ledgerDigest }: Certificate,
  by: { caller: Caller; requestId: string; now: Temporal.Instant },
): Promise<void> {
  return writeAudit(tx, {
    ...by,
    action: "IssueCertificate",
    entity: "certificate",
    entityId: certificateId,
    operatorId,
    traceId: currentTrace()?.traceId ?? null,
    detail: { purchase_id: purchaseId, number, ledger_digest: ledgerDigest },
  });
}
