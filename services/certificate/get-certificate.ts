import type { GetCertificateRequest } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Database } from "../runtime/database.ts";
import { type Certificate, certificateMissing } from "./certificate.ts";
import { parseCertificateNumber } from "./certificate-number.ts";
import { findCertificate, findCertificateByNumber } from "./queries.ts";
import type { Visible } from "./visible.ts";

export async function getCertificate(
  db: Database,
  { key }: Pick<GetCertificateRequest, "key">,
  visible: Visible,
): Promise<Certificate> {
  const certificate =
    key.case === "number"
      ? await findCertificateByNumber(db, parseCertificateNumber(key.value), visible)
      : key.case === "certificateId" && (await findCertificate(db, key.value, visible));
  if (!certificate) throw certificateMissing();
  return certificate;
}
