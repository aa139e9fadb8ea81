import { randomUUIDv7 } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Certificate } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { RenderCertificateRequest_PaperSize as PaperSize } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type CertificateMesh, startCertificateMesh } from "./testing/certificate-mesh.ts";
import { ledgerOf, STUDENT_ID } from "./testing/neighbours.ts";
import { readPdf, requirePdfPrograms } from "./testing/read-pdf.ts";

const PORTO = "018f0000-0000-7000-8000-0000000000f1";
const OSLO = "018f0000-0000-7000-8000-0000000000f2";

let mesh: CertificateMesh;
let certificate: Certificate;
beforeAll(async () => {
  requirePdfPrograms();
  mesh = await startCertificateMesh();
  mesh.franchiseNames.set(PORTO, "Swim School Porto");
  certificate = await mesh.issue({ purchaseId: randomUUIDv7(), franchiseId: PORTO, completed: 30 });
});
afterAll(() => mesh.close());

type Client = ReturnType<CertificateMesh["as"]>;

async function render(
  by: Client,
  { certificateId }: Certificate,
  paperSize: PaperSize = PaperSize.UNSPECIFIED,
): Promise<Buffer> {
  const chunks = await Array.fromAsync(by.renderCertificate({ certificateId, paperSize }), ({ chunk }) => chunk);
  return Buffer.concat(chunks);
}

async function refused(call: Promise<unknown>): Promise<[Code, string | undefined]> {
  const error = await call.then(() => undefined, ConnectError.from);
  return [error?.code ?? Code.Unknown, error?.findDetails(ErrorInfoSchema)[0]?.reason];
}

test("the sheet carries the signed credential, as everybody can have it", async () => {
  using pdf = readPdf(await render(mesh.as(Role.STUDENT, { student_id: STUDENT_ID }), certificate));
  const { document } = await mesh.as(null).getCredential({ code: certificate.code });
  expect(pdf.attachment("credential.json")).toBe(document);
  expect(document).toContain("eddsa-rdfc-2022");
});

test("the operator and the student get the sheet, and it says what the certificate says", async () => {
  const sheet = await render(mesh.as(Role.OPERATOR, { operator_id: PORTO }), certificate);
  expect(await render(mesh.as(Role.STUDENT, { student_id: STUDENT_ID }), certificate)).toEqual(sheet);

  using pdf = readPdf(sheet);
  expect(pdf.text.split("\n")).toEqual(
    expect.arrayContaining([
      "Ada Lovelace",
      "Crawl for beginners",
      "30 sessions · 22 hours and 30 minutes · 1 January to 23 July 2030",
      "Taught by Swim School Porto in Lisbon",
      certificate.number,
    ]),
  );
  expect(pdf.qrCode()).toBe(`https://cadre.example/verify/${certificate.code}`);
});

test("the sheet stays the same, whatever the company is called and wherever its pages are by then", async () => {
  const sheet = await render(mesh.as(Role.ADMIN), certificate);
  const { name, publicUrl } = mesh.issuer;
  Object.assign(mesh.issuer, { name: "Another company", publicUrl: "https://moved.example" });
  const later = await render(mesh.as(Role.ADMIN), certificate);
  Object.assign(mesh.issuer, { name, publicUrl });
  expect(later.equals(sheet)).toBe(true);
});

test("it comes on the paper that was asked for", async () => {
  using a4 = readPdf(await render(mesh.as(Role.ADMIN), certificate));
  using letter = readPdf(await render(mesh.as(Role.ADMIN), certificate, PaperSize.LETTER));
  expect(a4.info).toContain("Page size: 841.89 x 595.276 pts (A4)");
  expect(letter.info).toContain("Page size: 792 x 612 pts (letter)");
});

test("others' certificates do not exist", async () => {
  const rival = mesh.as(Role.OPERATOR, { operator_id: OSLO });
  expect(await refused(render(rival, certificate))).toEqual([Code.NotFound, "CERTIFICATE_NOT_FOUND"]);
  const stranger = mesh.as(Role.STUDENT, { student_id: randomUUIDv7() });
  expect(await refused(render(stranger, certificate))).toEqual([Code.NotFound, "CERTIFICATE_NOT_FOUND"]);
  expect(await refused(render(mesh.as(null), certificate))).toEqual([Code.Unauthenticated, "TOKEN_MISSING"]);
});

test("a suspended certificate is not printed; reinstated, it is the same sheet again", async () => {
  const admin = mesh.as(Role.ADMIN);
  const before = await render(admin, certificate);
  const { certificateId } = certificate;
  await admin.suspendCertificate({ requestId: randomUUIDv7(), certificateId, reason: "a complaint" });
  expect(await refused(render(admin, certificate))).toEqual([Code.FailedPrecondition, "CERTIFICATE_STATE_CONFLICT"]);
  await admin.reinstateCertificate({ requestId: randomUUIDv7(), certificateId, reason: "settled" });
  expect(await render(admin, certificate)).toEqual(before);
});

test("no sheet leaves room for a name: one whose student was erased before the issue is not printed", async () => {
  const purchaseId = randomUUIDv7();
  mesh.ledgers.set(purchaseId, { ...ledgerOf({ purchaseId, completed: 30 }), studentName: "", studentLanguage: "" });
  const service = mesh.as(Role.SERVICE);
  const { certificate: nameless } = await service.issueCertificate({ requestId: randomUUIDv7(), purchaseId });
  if (!nameless) throw new Error("none was issued");
  const printed = render(mesh.as(Role.ADMIN), nameless);
  expect(await refused(printed)).toEqual([Code.FailedPrecondition, "CERTIFICATE_NOT_PRINTABLE"]);
});

test("paper that nobody knows is refused before anything is read", async () => {
  const odd = mesh
    .as(Role.ADMIN)
    .renderCertificate({ certificateId: certificate.certificateId, paperSize: 7 as never });
  expect((await refused(Array.fromAsync(odd)))[0]).toBe(Code.InvalidArgument);
});
