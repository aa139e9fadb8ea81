import { z } from "zod";
import {
  RenderCertificateRequest_PaperSize as PaperSize,
  type RenderCertificateRequest,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { type Certificate, certificateMissing, nameErased } from "./certificate.ts";
import { type CredentialDeps, credentialOf } from "./credential/get-credential.ts";
import { certificatePage } from "./printing/certificate-page.ts";
import type { Printer } from "./printing/printer.ts";
import { findCertificate } from "./queries.ts";
import type { Visible } from "./visible.ts";

const CHUNK_BYTES = 64 * 1024;

export interface RenderDeps extends CredentialDeps {
  printer: Printer;
}

/** Whose certificate it is, and where its public page is, as it was signed: the company may have another name today. */
const signed = z.object({ issuer: z.object({ name: z.string(), url: z.string() }) });

/** The PDF in pieces that fit into a message. */
export async function* renderCertificate(
  { db, printer, issuer }: RenderDeps,
  { certificateId, paperSize }: RenderCertificateRequest,
  { visible, signal }: { visible: Visible; signal: AbortSignal },
): AsyncGenerator<{ chunk: Uint8Array }> {
  const certificate = await findCertificate(db, certificateId, visible);
  if (!certificate) throw certificateMissing();
  if (certificate.state !== "valid") throw notValid(certificate);
  if (certificate.studentName === "") throw nameErased();

  const credential = await credentialOf({ db, issuer }, certificate);
  const { name, url } = signed.parse(JSON.parse(credential)).issuer;
  const paper = paperSize === PaperSize.LETTER ? "us-letter" : "a4";
  const link = `${url}/verify/${certificate.code}`;
  const page = certificatePage(certificate, { issuer: name, link, paper });
  const pdf = await printer.print({ page, credential: Buffer.from(credential) }, signal);
  for (let start = 0; start < pdf.length; start += CHUNK_BYTES) {
    yield { chunk: pdf.subarray(start, start + CHUNK_BYTES) };
  }
}

function notValid({ certificateId, state }: Certificate): DomainError {
  const message = `The certificate is ${state}: no sheet is printed that says otherwise.`;
  return new DomainError("precondition", "CERTIFICATE_STATE_CONFLICT", message, {
    metadata: { certificate_id: certificateId, state },
  });
}
