import type { Database } from "../runtime/database.ts";
import { type Certificate, certificateMissing } from "./certificate.ts";
import { isCertificateCode } from "./certificate-code.ts";
import { findCertificateByCode } from "./queries.ts";

/** A code of the wrong form gets the answer of an unknown one: the public learns nothing about codes. */
export async function verifyCertificate(db: Database, code: string): Promise<Certificate> {
  const certificate = isCertificateCode(code) ? await findCertificateByCode(db, code) : null;
  if (!certificate) throw certificateMissing();
  return certificate;
}
