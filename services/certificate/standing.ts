import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { DomainError } from "../runtime/errors.ts";
import type { Certificate, Holder, ShownCertificate, Standing } from "./certificate.ts";

const REOPENED = "A session of the course is being reviewed.";

export function holderOf({ role }: Caller): Holder {
  return role === Role.ADMIN ? "company" : "operator";
}

/**
 * Holds it back. What is held back already keeps its time and its reason; what its operator holds, the company takes
 * over, with a reason of its own if it gives one.
 */
export function suspend(
  certificate: Certificate,
  { by, now, publicReason }: { by: Holder; now: Temporal.Instant; publicReason: string },
): Standing {
  const { state, holdTime, holdBy, holdReason } = certificate;
  if (state === "revoked") throw stateConflict(certificate, "A revoked certificate cannot be suspended.");
  if (!holdTime) return { ...certificate, holdTime: now, holdReason: publicReason, holdBy: by };
  if (holdBy === by || by === "operator") return certificate;
  return { ...certificate, holdReason: publicReason || holdReason, holdBy: by };
}

/** Ends a suspension by hand, and no other. */
export function reinstate(certificate: Certificate, by: Holder): Standing {
  const { state, holdTime, holdBy } = certificate;
  if (state === "revoked") throw stateConflict(certificate, "A revoked certificate stays revoked.");
  if (holdBy === "company" && by === "operator") throw heldByCompany(certificate);
  if (holdTime) return { ...certificate, holdTime: null, holdReason: null, holdBy: null };
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

function heldByCompany({ certificateId }: Certificate): DomainError {
  const message = "The company holds the certificate back: only the company reinstates it.";
  return new DomainError("forbidden", "CERTIFICATE_HELD_BY_COMPANY", message, {
    metadata: { certificate_id: certificateId },
  });
}

function stateConflict({ certificateId, state }: Certificate, message: string): DomainError {
  return new DomainError("precondition", "CERTIFICATE_STATE_CONFLICT", message, {
    metadata: { certificate_id: certificateId, state },
  });
}
