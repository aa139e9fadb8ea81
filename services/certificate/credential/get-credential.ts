import type { Database } from "../../runtime/database.ts";
import type { Certificate } from "../certificate.ts";
import type { Issuer } from "./issuer.ts";
import { openBadge } from "./open-badge.ts";
import { findCredential, keepCredential } from "./queries.ts";

export interface CredentialDeps {
  db: Database;
  issuer: Issuer;
}

/** Signed when it is first asked for, and from then on the same bytes, as long as the certificate states the same. */
export async function credentialOf(deps: CredentialDeps, certificate: Certificate): Promise<string> {
  const { issuer } = deps;
  // Whoever has the certificate may have its credential.
  const db = deps.db.asService();
  const { keyIds } = issuer;
  const kept = await findCredential(db, certificate, keyIds);
  if (kept !== null) return kept;
  const signed = await issuer.sign(openBadge(certificate, issuer), certificate.issueTime);
  await keepCredential(db, certificate, { document: JSON.stringify(signed), keyIds });
  const first = await findCredential(db, certificate, keyIds);
  if (first === null) throw new Error(`the credential of ${certificate.certificateId} is not there after it was kept`);
  return first;
}
