import { DomainError } from "../runtime/errors.ts";
import type { Certificate, ShownCertificate, Standing } from "./certificate.ts";

const REOPENED = "A session of the course is being reviewed.";

/** Holds it back. What is held back already keeps its time and its reason. */
export function suspend(certificate: Certificate, now: Temporal.Instant, publicReason: string): Standing {
  if (certificate.state === "revoked") throw stateConflict(certificate, "A revoked certificate cannot be suspended.");
  if (certificate.holdTime) return certificate;
  return { ...certificate, holdTime: now, holdReason: publicReason };
}

/** Ends a suspension by hand, and no other. */
export function reinstate(certificate: Certificate): Standing {
  if (certificate.state === "revoked") throw stateConflict(certificate, "A revoked certificate stays revoked.");
  if (certificate.holdTime) return { ...certificate, holdTime: null, holdReason: null };
  if (!certificate.reopenTime) return certificate;
  throw stateConflict(
    certificate,
    "A session of the purchase is open: the certificate is valid when that is completed.",
  );
}

export function revoke(certificate: Certificate, now: Temporal.Instant, publicReason: string): Standing {
  if (certificate.revokeTime) return certificate;
  return { ...certificate, revokeTime: now, revokeReason: publicReason };
}

/** Since when it has been suspended, for whichever reason; null unless it is. */
export function suspendTime({ state, holdTime, reopenTime }: ShownCertificate): Temporal.Instant | null {
  if (state !== "suspended") return null;
  if (!holdTime || !reopenTime) return holdTime ?? reopenTime;
  return Temporal.Instant.compare(holdTime, reopenTime) < 0 ? holdTime : reopenTime;
}

/** Why it is not valid, as everybody may read it. */
export function publicReason({ state, revokeReason, holdReason }: ShownCertificate): string {
  if (state === "revoked") return revokeReason ?? "";
  return state === "suspended" ? (holdReason ?? REOPENED) : "";
}

function stateConflict({ certificateId, state }: Certificate, message: string): DomainError {
  return new DomainError("precondition", "CERTIFICATE_STATE_CONFLICT", message, {
    metadata: { certificate_id: certificateId, state },
  });
}
