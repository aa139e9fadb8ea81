import { randomUUID, randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { type Certificate, CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { sql } from "../runtime/database.ts";
import { type CertificateMesh, startCertificateMesh } from "./testing/certificate-mesh.ts";
import { refused } from "./testing/refused.ts";

const PORTO = "018f0000-0000-7000-8000-0000000000f1";
const NOW = { seconds: BigInt(Date.parse("2030-09-01T12:00:00Z") / 1000) };
const PUBLIC_REASON = "It was issued to the wrong person.";
const { VALID, SUSPENDED, REVOKED } = CertificateState;

let mesh: CertificateMesh;
let porto: ReturnType<CertificateMesh["as"]>;

beforeAll(async () => {
  mesh = await startCertificateMesh();
  mesh.franchiseNames.set(PORTO, "Swim School Porto");
  porto = mesh.as(Role.OPERATOR, { operator_id: PORTO, franchise_id: PORTO });
});
afterAll(() => mesh.close());

function issued(): Promise<Certificate> {
  return mesh.issue({ purchaseId: randomUUIDv7(), franchiseId: PORTO, completed: 30 });
}

function because({ certificateId }: Certificate) {
  return { requestId: randomUUID(), certificateId, reason: "a complaint, file 7" };
}

function verify({ code }: Certificate) {
  return mesh.as(null).verifyCertificate({ code });
}

async function standingOf(certificate: Certificate) {
  const { state, suspendTime, revokeTime, publicReason } = await verify(certificate);
  return { state, suspendTime, revokeTime, publicReason };
}

const auditRow = z.object({ action: z.string(), subject: z.string(), operatorId: z.string(), detail: z.unknown() });

function audit({ certificateId }: Certificate) {
  return mesh.db.any(sql.type(auditRow)`
    select action, subject, operator_id as "operatorId", detail from audit_log
    where entity = 'certificate' and entity_id = ${certificateId} order by id
  `);
}

test("a suspended certificate says so, since when and why, to everybody, until it is reinstated", async () => {
  const certificate = await issued();
  await porto.suspendCertificate({ ...because(certificate), publicReason: PUBLIC_REASON });
  expect(await standingOf(certificate)).toMatchObject({
    state: SUSPENDED,
    suspendTime: NOW,
    revokeTime: undefined,
    publicReason: PUBLIC_REASON,
  });
  await porto.reinstateCertificate(because(certificate));
  expect(await standingOf(certificate)).toMatchObject({ state: VALID, suspendTime: undefined, publicReason: "" });
});

test("a revoked certificate says so and stays revoked", async () => {
  const certificate = await issued();
  await porto.suspendCertificate(because(certificate));
  await porto.revokeCertificate({ ...because(certificate), publicReason: PUBLIC_REASON });
  const revoked = { state: REVOKED, suspendTime: undefined, revokeTime: NOW, publicReason: PUBLIC_REASON };
  expect(await standingOf(certificate)).toMatchObject(revoked);

  const conflict = ["FailedPrecondition", "CERTIFICATE_STATE_CONFLICT"];
  expect(await refused(porto.reinstateCertificate(because(certificate)))).toEqual(conflict);
  expect(await refused(porto.suspendCertificate(because(certificate)))).toEqual(conflict);
  await porto.revokeCertificate({ ...because(certificate), publicReason: "Another." });
  expect(await standingOf(certificate)).toMatchObject(revoked);
});

test("the database itself keeps a revoked certificate revoked", async () => {
  const { certificateId, ...certificate } = await issued();
  await porto.revokeCertificate({ ...because({ certificateId, ...certificate }) });
  const undo = mesh.db.query(sql.unsafe`
    update certificate set revoke_time = null, revoke_reason = null where certificate_id = ${certificateId}
  `);
  await expect(undo).rejects.toThrow();
});

test("every change leaves an audit row with both reasons; the note is for nobody else", async () => {
  const certificate = await issued();
  await porto.suspendCertificate({ ...because(certificate), publicReason: PUBLIC_REASON });
  await porto.reinstateCertificate(because(certificate));
  await mesh.as(Role.ADMIN).revokeCertificate(because(certificate));
  const reason = "a complaint, file 7";
  expect((await audit(certificate)).slice(1)).toEqual([
    {
      action: "SuspendCertificate",
      subject: "tester",
      operatorId: PORTO,
      detail: { reason, public_reason: PUBLIC_REASON, state_before: "valid", state: "suspended" },
    },
    {
      action: "ReinstateCertificate",
      subject: "tester",
      operatorId: PORTO,
      detail: { reason, public_reason: "", state_before: "suspended", state: "valid" },
    },
    {
      action: "RevokeCertificate",
      subject: "tester",
      operatorId: PORTO,
      detail: { reason, public_reason: "", state_before: "valid", state: "revoked" },
    },
  ]);
  expect(JSON.stringify(await verify(certificate), (_, value) => String(value))).not.toContain("complaint");
});

test("what changes nothing leaves no audit row and keeps the etag", async () => {
  const certificate = await issued();
  const { certificate: same } = await porto.reinstateCertificate(because(certificate));
  expect(same).toEqual(certificate);
  const { certificate: first } = await porto.suspendCertificate(because(certificate));
  const { certificate: second } = await porto.suspendCertificate(because(certificate));
  expect(second).toEqual(first);
  expect((await audit(certificate)).map(({ action }) => action)).toEqual(["IssueCertificate", "SuspendCertificate"]);
});

test("the same request is answered once", async () => {
  const certificate = await issued();
  const request = because(certificate);
  const first = await porto.suspendCertificate(request);
  await porto.reinstateCertificate(because(certificate));
  expect(await porto.suspendCertificate(request)).toEqual(first);
  expect((await verify(certificate)).state).toBe(VALID);
  const other = porto.suspendCertificate({ ...request, reason: "another" });
  expect(await refused(other)).toEqual(["Aborted", "REQUEST_ID_REUSED"]);
});

test("an etag that is out of date is refused", async () => {
  const certificate = await issued();
  const { certificate: suspended } = await porto.suspendCertificate({
    ...because(certificate),
    etag: certificate.etag,
  });
  const late = porto.revokeCertificate({ ...because(certificate), etag: certificate.etag });
  expect(await refused(late)).toEqual(["Aborted", "ETAG_MISMATCH"]);
  await porto.revokeCertificate({ ...because(certificate), etag: suspended?.etag ?? "" });
});

test("what the company holds back, no operator reinstates, also when the operator suspended it first", async () => {
  const [admin, held] = [mesh.as(Role.ADMIN), ["PermissionDenied", "CERTIFICATE_HELD_BY_COMPANY"]];
  const certificate = await issued();
  await admin.suspendCertificate({ ...because(certificate), publicReason: PUBLIC_REASON });
  await porto.suspendCertificate({ ...because(certificate), publicReason: "Another." });
  expect(await refused(porto.reinstateCertificate(because(certificate)))).toEqual(held);
  expect(await standingOf(certificate)).toMatchObject({ state: SUSPENDED, publicReason: PUBLIC_REASON });
  await admin.reinstateCertificate(because(certificate));
  expect((await verify(certificate)).state).toBe(VALID);

  await porto.suspendCertificate({ ...because(certificate), publicReason: PUBLIC_REASON });
  await admin.suspendCertificate(because(certificate));
  expect(await refused(porto.reinstateCertificate(because(certificate)))).toEqual(held);
  expect((await verify(certificate)).publicReason).toBe(PUBLIC_REASON);
});

test("an admin reinstates what an operator suspended", async () => {
  const certificate = await issued();
  await porto.suspendCertificate(because(certificate));
  await mesh.as(Role.ADMIN).reinstateCertificate(because(certificate));
  expect((await verify(certificate)).state).toBe(VALID);
});

test("another operator's certificate does not exist, and students, trainers and services may change none", async () => {
  const certificate = await issued();
  const rival = mesh.as(Role.OPERATOR, { operator_id: randomUUID() });
  for (const call of ["suspendCertificate", "reinstateCertificate", "revokeCertificate"] as const) {
    expect(await refused(rival[call](because(certificate)))).toEqual(["NotFound", "CERTIFICATE_NOT_FOUND"]);
    for (const role of [Role.STUDENT, Role.TRAINER, Role.SERVICE]) {
      const claims = { student_id: certificate.studentId };
      const [code] = await refused(mesh.as(role, claims)[call](because(certificate)));
      expect(code).toBe("PermissionDenied");
    }
  }
});

test("a reason is asked for, and names itself when it cannot be kept", async () => {
  const certificate = await issued();
  for (const reason of ["", "a\u0000b", "x".repeat(1001)]) {
    const call = porto.suspendCertificate({ ...because(certificate), reason });
    expect(await refused(call)).toEqual(["InvalidArgument", "INVALID_FIELD"]);
  }
});

test("eight who suspend at once suspend once", async () => {
  const certificate = await issued();
  await Promise.all(Array.from({ length: 8 }, () => porto.suspendCertificate(because(certificate))));
  expect((await audit(certificate)).map(({ action }) => action)).toEqual(["IssueCertificate", "SuspendCertificate"]);
});
