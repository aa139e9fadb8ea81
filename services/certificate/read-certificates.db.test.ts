import { randomUUIDv7 } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Certificate } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type CertificateMesh, startCertificateMesh } from "./testing/certificate-mesh.ts";
import { COMPANY_ID } from "./testing/neighbours.ts";

const PORTO = "018f0000-0000-7000-8000-0000000000f1";
const OSLO = "018f0000-0000-7000-8000-0000000000f2";
const ADA = "018f0000-0000-7000-8000-0000000000b1";
const BOB = "018f0000-0000-7000-8000-0000000000b2";

let mesh: CertificateMesh;
let adaInPorto: Certificate;
let bobInPorto: Certificate;
let adaWithCompany: Certificate;

beforeAll(async () => {
  mesh = await startCertificateMesh();
  mesh.franchiseNames.set(PORTO, "Swim School Porto");
  const bought = () => ({ purchaseId: randomUUIDv7(), completed: 30 });
  adaInPorto = await mesh.issue({ ...bought(), studentId: ADA, franchiseId: PORTO });
  bobInPorto = await mesh.issue({ ...bought(), studentId: BOB, franchiseId: PORTO });
  adaWithCompany = await mesh.issue({ ...bought(), studentId: ADA });
});
afterAll(() => mesh.close());

test("anybody with the code can verify a certificate, without a token, and learns what it says and no more", async () => {
  const { $typeName: _, ...answer } = await mesh.as(null).verifyCertificate({ code: adaInPorto.code });
  expect(answer).toEqual({
    state: CertificateState.VALID,
    number: adaInPorto.number,
    studentName: "Ada Lovelace",
    studentLanguage: "en",
    courseName: "Crawl for beginners",
    operatorName: "Swim School Porto",
    trainerNames: ["Grace Hopper"],
    zoneName: "Lisbon",
    timeZone: "Europe/Lisbon",
    publicReason: "",
    sessionCount: 30,
    totalMinutes: 1350,
    firstSessionTime: adaInPorto.firstSessionTime,
    lastSessionTime: adaInPorto.lastSessionTime,
    issueTime: adaInPorto.issueTime,
  });
});

test.each(["A".repeat(22), "x", "A".repeat(64), `${"A".repeat(21)}\u0000`, "' or true --"])(
  "a code that nobody was given finds nothing: %j",
  async (code) => {
    expect(await refused(mesh.as(null).verifyCertificate({ code }))).toEqual([Code.NotFound, "CERTIFICATE_NOT_FOUND"]);
  },
);

test("the number is not the code", async () => {
  expect(await refused(mesh.as(null).verifyCertificate({ code: adaInPorto.number }))).toEqual([
    Code.NotFound,
    "CERTIFICATE_NOT_FOUND",
  ]);
});

test("an operator reads its own certificates, by id and by number however typed", async () => {
  const porto = mesh.as(Role.OPERATOR, { operator_id: PORTO, franchise_id: PORTO });
  const typed = adaInPorto.number.replaceAll("-", " ").toLowerCase();
  expect((await porto.getCertificate(byId(adaInPorto))).certificate).toEqual(adaInPorto);
  expect((await porto.getCertificate({ key: { case: "number", value: typed } })).certificate).toEqual(adaInPorto);
});

test("another operator's certificate does not exist, by id, by number or in a list", async () => {
  for (const claims of [{ operator_id: OSLO, franchise_id: OSLO }, { operator_id: COMPANY_ID }]) {
    const other = mesh.as(Role.OPERATOR, claims);
    expect(await refused(other.getCertificate(byId(adaInPorto)))).toEqual([Code.NotFound, "CERTIFICATE_NOT_FOUND"]);
    expect(await refused(other.getCertificate({ key: { case: "number", value: adaInPorto.number } }))).toEqual([
      Code.NotFound,
      "CERTIFICATE_NOT_FOUND",
    ]);
    const { certificates } = await other.listCertificates({ purchaseId: adaInPorto.purchaseId });
    expect(certificates).toEqual([]);
  }
});

test("a student sees its own certificates from every operator, and nobody else's", async () => {
  const ada = mesh.as(Role.STUDENT, { student_id: ADA });
  expect((await ada.listCertificates({})).certificates).toEqual([adaWithCompany, adaInPorto]);
  expect((await ada.getCertificate(byId(adaWithCompany))).certificate).toEqual(adaWithCompany);
  expect(await refused(ada.getCertificate(byId(bobInPorto)))).toEqual([Code.NotFound, "CERTIFICATE_NOT_FOUND"]);
  expect((await ada.listCertificates({ studentId: BOB })).certificates).toEqual([]);
});

test("a list has the newest first and goes on where the page before ended", async () => {
  const admin = mesh.as(Role.ADMIN);
  const first = await admin.listCertificates({ pageSize: 2 });
  expect(first.certificates).toEqual([adaWithCompany, bobInPorto]);
  const second = await admin.listCertificates({ pageSize: 2, pageToken: first.nextPageToken });
  expect(second.certificates).toEqual([adaInPorto]);
  expect(second.nextPageToken).toBe("");
});

test("a list can be narrowed to a student or a purchase", async () => {
  const porto = mesh.as(Role.OPERATOR, { operator_id: PORTO, franchise_id: PORTO });
  expect((await porto.listCertificates({ studentId: BOB })).certificates).toEqual([bobInPorto]);
  expect((await porto.listCertificates({ purchaseId: adaInPorto.purchaseId })).certificates).toEqual([adaInPorto]);
});

test("a page token that is not one of ours is a bad field", async () => {
  for (const pageToken of ["garbage", "bnVsbA", "IngiCg"]) {
    const [code] = await refused(mesh.as(Role.ADMIN).listCertificates({ pageToken }));
    expect(code).toBe(Code.InvalidArgument);
  }
});

test("a mistyped number is told apart from an unknown one", async () => {
  const admin = mesh.as(Role.ADMIN);
  const swapped = adaInPorto.number.endsWith("A") ? "B" : "A";
  const mistyped = adaInPorto.number.slice(0, -1) + swapped;
  expect(await refused(admin.getCertificate({ key: { case: "number", value: mistyped } }))).toEqual([
    Code.InvalidArgument,
    "CERTIFICATE_NUMBER_MISTYPED",
  ]);
  expect(await refused(admin.getCertificate({ key: { case: "number", value: "0123-4567-89AB-CDEF-P" } }))).toEqual([
    Code.NotFound,
    "CERTIFICATE_NOT_FOUND",
  ]);
});

function byId({ certificateId }: Certificate) {
  return { key: { case: "certificateId" as const, value: certificateId } };
}

async function refused(call: Promise<unknown>): Promise<[Code, string | undefined]> {
  const error = await call.then(() => null, ConnectError.from);
  if (!error) throw new Error("there was no refusal");
  return [error.code, error.findDetails(ErrorInfoSchema)[0]?.reason];
}
