import type { Database } from "../../runtime/database.ts";
import { type Certificate, nameErased } from "../certificate.ts";
import type { Issuer } from "./issuer.ts";
import { openBadge } from "./open-badge.ts";
import { findCredential, keepCredential } from "./queries.ts";

export interface CredentialDeps {
  db: Database;
  issuer: Issuer;
}

/** Signed when it is first asked for, and from then on the same bytes, as long as the certificate states the same. */
export async function credentialOf(deps: CredentialDeps, certificate: Certificate): Promise<string> {
  if (certificate.studentName === "") throw nameErased();
  const { issuer } = deps;
  // Whoever has the certificate may have its credential.
  const db = deps.db.asService();
  const { keys } = issuer;
  const kept = await findCredential(db, certificate, keys);
  if (kept !== null) return kept;
  const document = JSON.stringify(await issuer.sign(openBadge(certificate, issuer), certificate.issueTime));
  await keepCredential(db, certificate, { document, keys });
  // While keys are replaced, a process with other ones may have put its own there meanwhile.
  return (await findCredential(db, certificate, keys)) ?? document;
}
