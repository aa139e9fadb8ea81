import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Transaction } from "../runtime/database.ts";
import { DomainError, invalidFields } from "../runtime/errors.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { textViolations } from "../runtime/texts.ts";
import { type Certificate, certificateMissing, type Standing } from "./certificate.ts";
import { lockCertificate, saveStanding } from "./queries.ts";
import { visibleTo } from "./visible.ts";

/** What the calls that change a certificate's standing have in common. */
export interface StandingRequest {
  requestId: string;
  certificateId: string;
  etag?: string | undefined;
  reason: string;
  publicReason?: string;
}

export interface StandingChange {
  /** As the contract names it. */
  action: "SuspendCertificate" | "ReinstateCertificate" | "RevokeCertificate";
  caller: Caller;
  now: Temporal.Instant;
  /** Answers with the same standing when nothing is to change. */
  rule: (certificate: Certificate) => Standing;
}

/** Leaves an audit row with both reasons, unless nothing changes. */
export async function changeStanding(
  tx: Transaction,
  request: StandingRequest,
  { action, caller, now, rule }: StandingChange,
): Promise<Certificate> {
  const { certificateId, requestId, etag, reason, publicReason = "" } = request;
  const certificate = await lockCertificate(tx, certificateId, visibleTo(caller));
  if (!certificate) throw certificateMissing();
  if (etag !== undefined) etagMatches(etag, certificate);

  const standing = rule(certificate);
  if (standing === certificate) return certificate;
  const changed = await saveStanding(tx, certificateId, standing);
  await writeAudit(tx, {
    caller,
    action,
    entity: "certificate",
    entityId: certificateId,
    operatorId: changed.operatorId,
    requestId,
    traceId: currentTrace()?.traceId ?? null,
    detail: { reason, public_reason: publicReason, state_before: certificate.state, state: changed.state },
    now,
  });
  return changed;
}

export function checkReasons({ reason, publicReason = "" }: Pick<StandingRequest, "reason" | "publicReason">): void {
  const violations = [...textViolations("reason", reason), ...textViolations("public_reason", publicReason)];
  if (violations.length > 0) throw invalidFields(violations);
}

function etagMatches(etag: string, { version }: Certificate): void {
  if (etag === String(version)) return;
  const message = "The certificate has changed since the etag was read. Read it again, and decide again.";
  throw new DomainError("conflict", "ETAG_MISMATCH", message, { metadata: { etag: String(version) } });
}
