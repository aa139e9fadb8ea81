import { randomUUIDv7 } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import { type CertificateMesh, startCertificateMesh } from "./testing/certificate-mesh.ts";
import { COMPANY_ID, ledgerOf } from "./testing/neighbours.ts";

const FRANCHISE_ID = "018f0000-0000-7000-8000-0000000000f1";
let mesh: CertificateMesh;

beforeAll(async () => {
  mesh = await startCertificateMesh();
  mesh.franchiseNames.set(FRANCHISE_ID, "Swim School Porto");
});
afterAll(() => mesh.close());

test("a purchase with 29 of 30 sessions completed has no certificate, with 30 it has one", async () => {
  const purchaseId = randomUUIDv7();
  mesh.ledgers.set(purchaseId, ledgerOf({ purchaseId, completed: 29 }));
  expect(await refusal(mesh, purchaseId)).toEqual([Code.FailedPrecondition, "CERTIFICATE_NOT_EARNED"]);
  expect(await certificateCount(mesh, purchaseId)).toBe(0);

  const certificate = await mesh.issue({ purchaseId, completed: 30 });
  expect(certificate).toMatchObject({
    purchaseId,
    state: CertificateState.VALID,
    operatorId: COMPANY_ID,
    operatorName: "Cadre",
    studentName: "Ada Lovelace",
    courseName: "Crawl for beginners",
    sessionCount: 30,
    totalMinutes: 30 * 45,
    firstSessionTime: { seconds: seconds("2030-01-01T09:00:00Z") },
    lastSessionTime: { seconds: seconds("2030-07-23T09:00:00Z") },
    completeTime: { seconds: seconds("2030-07-23T09:46:00Z") },
    issueTime: { seconds: seconds("2030-09-01T12:00:00Z") },
  });
  expect(await certificateCount(mesh, purchaseId)).toBe(1);
});

test("the same request_id earns the certificate that came too early the first time", async () => {
  const request = { requestId: randomUUIDv7(), purchaseId: randomUUIDv7() };
  mesh.ledgers.set(request.purchaseId, ledgerOf({ ...request, completed: 29 }));
  await expect(mesh.as(Role.SERVICE).issueCertificate(request)).rejects.toThrow("29 of 30");
  mesh.ledgers.set(request.purchaseId, ledgerOf({ ...request, completed: 30 }));
  expect((await mesh.as(Role.SERVICE).issueCertificate(request)).certificate?.purchaseId).toBe(request.purchaseId);
});

test("issuing again, under whatever request_id, answers with the first", async () => {
  const request = { requestId: randomUUIDv7(), purchaseId: randomUUIDv7() };
  const first = await mesh.issue({ purchaseId: request.purchaseId, completed: 30 });
  expect((await mesh.as(Role.SERVICE).issueCertificate(request)).certificate).toEqual(first);
  expect((await mesh.as(Role.SERVICE).issueCertificate(request)).certificate).toEqual(first);
  expect(await mesh.issue({ purchaseId: request.purchaseId, completed: 29 })).toEqual(first);
  expect(await auditCount(mesh, first.certificateId)).toBe(1);
});

test("sixteen callers at once get one and the same certificate", async () => {
  const purchaseId = randomUUIDv7();
  const certificates = await Promise.all(Array.from({ length: 16 }, () => mesh.issue({ purchaseId, completed: 30 })));
  expect(
    new Set(certificates.map(({ certificateId, number, code }) => `${certificateId} ${number} ${code}`)).size,
  ).toBe(1);
  expect(await certificateCount(mesh, purchaseId)).toBe(1);
  expect(await auditCount(mesh, certificates[0]?.certificateId ?? "")).toBe(1);
});

test("a request_id that came with another purchase is refused", async () => {
  const [first, second] = [randomUUIDv7(), randomUUIDv7()];
  await mesh.issue({ purchaseId: first, completed: 30 });
  mesh.ledgers.set(second, ledgerOf({ purchaseId: second, completed: 30 }));
  const requestId = randomUUIDv7();
  await mesh.as(Role.SERVICE).issueCertificate({ requestId, purchaseId: first });
  const error = await mesh
    .as(Role.SERVICE)
    .issueCertificate({ requestId, purchaseId: second })
    .catch(ConnectError.from);
  expect(reasonOf(error)).toBe("REQUEST_ID_REUSED");
  expect(await certificateCount(mesh, second)).toBe(0);
});

test("a franchise's certificate names the franchise", async () => {
  const purchaseId = randomUUIDv7();
  expect(await mesh.issue({ purchaseId, franchiseId: FRANCHISE_ID, completed: 30 })).toMatchObject({
    operatorId: FRANCHISE_ID,
    operatorName: "Swim School Porto",
  });
});

test("a franchise whose name cannot be read leaves no certificate", async () => {
  const purchaseId = randomUUIDv7();
  mesh.ledgers.set(purchaseId, ledgerOf({ purchaseId, franchiseId: randomUUIDv7(), completed: 30 }));
  expect(await refusal(mesh, purchaseId)).toEqual([Code.Unavailable, "TRAINER_DIRECTORY_UNAVAILABLE"]);
  expect(await certificateCount(mesh, purchaseId)).toBe(0);
});

test("an unknown purchase is not found", async () => {
  expect(await refusal(mesh, randomUUIDv7())).toEqual([Code.NotFound, "PURCHASE_NOT_FOUND"]);
});

test.each([Role.OPERATOR, Role.STUDENT, Role.TRAINER])("role %s may not issue", async (role) => {
  const request = { requestId: randomUUIDv7(), purchaseId: randomUUIDv7() };
  const error = await mesh.as(role).issueCertificate(request).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.PermissionDenied });
});

test("without a token nobody may issue", async () => {
  const request = { requestId: randomUUIDv7(), purchaseId: randomUUIDv7() };
  const error = await mesh.as(null).issueCertificate(request).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.Unauthenticated });
});

test("while booking is away nothing is issued, and what was issued is still answered", async () => {
  const lonely = await startCertificateMesh();
  try {
    const issued = randomUUIDv7();
    const first = await lonely.issue({ purchaseId: issued, completed: 30 });
    await lonely.stopNeighbours();
    expect(await refusal(lonely, randomUUIDv7())).toEqual([Code.Unavailable, "COMPLETION_LEDGER_UNAVAILABLE"]);
    expect(await lonely.issue({ purchaseId: issued, completed: 30 })).toEqual(first);
  } finally {
    await lonely.close();
  }
});

test("a number or a code that is taken is drawn again", async () => {
  const draws = [1, 1, 1, 2, 2, 1, 3, 3];
  const unlucky = await startCertificateMesh((size) => Buffer.alloc(size, draws.shift() ?? 31));
  try {
    const first = await unlucky.issue({ purchaseId: randomUUIDv7(), completed: 30 });
    const second = await unlucky.issue({ purchaseId: randomUUIDv7(), completed: 30 });
    expect(second.number).toMatch(/^3333-3333-3333-3333-/);
    expect(second.code).not.toBe(first.code);
  } finally {
    await unlucky.close();
  }
});

async function refusal(from: CertificateMesh, purchaseId: string): Promise<[Code, string | undefined]> {
  const error = await from
    .as(Role.SERVICE)
    .issueCertificate({ requestId: randomUUIDv7(), purchaseId })
    .catch(ConnectError.from);
  if (!(error instanceof ConnectError)) throw new Error("there was no refusal");
  return [error.code, reasonOf(error)];
}

function reasonOf(error: unknown): string | undefined {
  return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason;
}

function certificateCount({ db }: CertificateMesh, purchaseId: string): Promise<number> {
  return db.oneFirst(sql.type(count)`select count(*) as count from certificate where purchase_id = ${purchaseId}`);
}

function auditCount({ db }: CertificateMesh, certificateId: string): Promise<number> {
  return db.oneFirst(sql.type(count)`select count(*) as count from audit_log where entity_id = ${certificateId}`);
}

const count = z.object({ count: z.number() });

function seconds(text: string): bigint {
  return BigInt(Temporal.Instant.from(text).epochMilliseconds / 1000);
}
