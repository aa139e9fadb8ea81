import { randomInt, randomUUID, randomUUIDv7 } from "node:crypto";
import { env } from "node:process";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { type Certificate, CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { sql } from "../runtime/database.ts";
import { type CertificateMesh, startCertificateMesh } from "./testing/certificate-mesh.ts";
import { ledgerOf } from "./testing/neighbours.ts";
import { refused } from "./testing/refused.ts";

const { VALID, SUSPENDED, REVOKED } = CertificateState;
const SEED = Number(env.SEED ?? randomInt(2 ** 31));

let mesh: CertificateMesh;
beforeAll(async () => {
  mesh = await startCertificateMesh();
});
afterAll(() => mesh.close());

/** Lets booking say so, and has it heard. */
async function reconcile(purchaseId: string, version: number, completed: number): Promise<Certificate | undefined> {
  mesh.ledgers.set(purchaseId, ledgerOf({ purchaseId, version, completed }));
  const answer = await mesh.as(Role.SERVICE).reconcileCertificate({ requestId: randomUUID(), purchaseId });
  expect(answer.ledgerVersion).toBe(BigInt(version));
  return answer.certificate;
}

async function certificatesOf(purchaseId: string): Promise<Certificate[]> {
  return (await mesh.as(Role.ADMIN).listCertificates({ purchaseId })).certificates;
}

function actionsOn(certificateId = ""): Promise<readonly string[]> {
  return mesh.db.anyFirst(sql.type(z.object({ action: z.string() }))`
    select action from audit_log where entity = 'certificate' and entity_id = ${certificateId} order by id
  `);
}

function because(certificateId = "") {
  return { requestId: randomUUID(), certificateId, reason: "a complaint" };
}

test("29 of 30 completed sessions leave no certificate, the thirtieth brings exactly one, duplicates none more", async () => {
  const purchaseId = randomUUIDv7();
  expect(await reconcile(purchaseId, 29, 29)).toBeUndefined();
  expect(await certificatesOf(purchaseId)).toEqual([]);
  const [first, ...others] = await Promise.all(Array.from({ length: 16 }, () => reconcile(purchaseId, 30, 30)));
  expect(first?.state).toBe(VALID);
  for (const other of others) expect(other).toEqual(first);
  expect(await certificatesOf(purchaseId)).toEqual([first]);
  expect(await actionsOn(first?.certificateId)).toEqual(["IssueCertificate"]);
});

test("a repeated request_id gives the first answer, whatever became of the certificate, and belongs to one purchase", async () => {
  const request = { requestId: randomUUID(), purchaseId: randomUUIDv7() };
  mesh.ledgers.set(request.purchaseId, ledgerOf({ purchaseId: request.purchaseId, version: 30, completed: 30 }));
  const first = await mesh.as(Role.SERVICE).reconcileCertificate(request);
  await mesh.as(Role.ADMIN).suspendCertificate(because(first.certificate?.certificateId));
  expect(await mesh.as(Role.SERVICE).reconcileCertificate(request)).toEqual(first);
  const other = randomUUIDv7();
  mesh.ledgers.set(other, ledgerOf({ purchaseId: other, version: 30, completed: 30 }));
  const reused = mesh.as(Role.SERVICE).reconcileCertificate({ ...request, purchaseId: other });
  expect(await refused(reused)).toEqual(["Aborted", "REQUEST_ID_REUSED"]);
  expect(await certificatesOf(other)).toEqual([]);
  expect(await reconcile(other, 30, 30)).toMatchObject({ state: VALID });
});

test("an open session suspends the certificate, once; completed again it is valid under a new digest", async () => {
  const purchaseId = randomUUIDv7();
  const issued = await reconcile(purchaseId, 30, 30);
  const suspended = await reconcile(purchaseId, 31, 29);
  expect(suspended).toMatchObject({ state: SUSPENDED, publicReason: "A session of the course is being reviewed." });
  expect(await reconcile(purchaseId, 31, 29)).toEqual(suspended);
  expect(await mesh.as(null).verifyCertificate({ code: issued?.code ?? "" })).toMatchObject({
    state: SUSPENDED,
    suspendTime: suspended?.suspendTime,
  });

  const again = ledgerOf({ purchaseId, version: 32, completed: 30 });
  Object.assign(again.entries?.[4] ?? {}, { completedBy: "operator-9" });
  mesh.ledgers.set(purchaseId, again);
  const { certificate } = await mesh.as(Role.SERVICE).reconcileCertificate({ requestId: randomUUID(), purchaseId });
  expect(certificate).toMatchObject({ state: VALID, number: issued?.number, code: issued?.code });
  expect(certificate?.ledgerDigest).not.toBe(issued?.ledgerDigest);
  expect(await certificatesOf(purchaseId)).toEqual([certificate]);
  const actions = ["IssueCertificate", "SuspendCertificate", "ReinstateCertificate"];
  expect(await actionsOn(issued?.certificateId)).toEqual(actions);
});

test("what was read earlier and arrives later changes nothing", async () => {
  const purchaseId = randomUUIDv7();
  expect(await reconcile(purchaseId, 31, 29)).toBeUndefined();
  expect(await reconcile(purchaseId, 30, 30)).toBeUndefined();
  const issuing = mesh.as(Role.SERVICE).issueCertificate({ requestId: randomUUID(), purchaseId });
  expect(await refused(issuing)).toEqual(["Unavailable", "COMPLETION_LEDGER_UNAVAILABLE"]);
  expect(await certificatesOf(purchaseId)).toEqual([]);
  const issued = await reconcile(purchaseId, 32, 30);
  expect(await reconcile(purchaseId, 31, 29)).toEqual(issued);

  const other = randomUUIDv7();
  const atOnce = await reconcile(other, 30, 30);
  expect(await reconcile(other, 29, 29)).toEqual(atOnce);
});

test("a suspension by hand outlasts the sessions', whichever ends first", async () => {
  const [one, other] = [randomUUIDv7(), randomUUIDv7()];
  for (const purchaseId of [one, other]) {
    const issued = await reconcile(purchaseId, 30, 30);
    await mesh.as(Role.ADMIN).suspendCertificate(because(issued?.certificateId));
    expect((await reconcile(purchaseId, 31, 29))?.state).toBe(SUSPENDED);
  }
  const held = await reconcile(one, 32, 30);
  expect(held?.state).toBe(SUSPENDED);
  expect((await actionsOn(held?.certificateId)).at(-1)).toBe("RestateCertificate");
  expect((await mesh.as(Role.ADMIN).reinstateCertificate(because(held?.certificateId))).certificate?.state).toBe(VALID);

  const [open] = await certificatesOf(other);
  const { certificate } = await mesh.as(Role.ADMIN).reinstateCertificate(because(open?.certificateId));
  expect(certificate?.state).toBe(SUSPENDED);
  const again = mesh.as(Role.ADMIN).reinstateCertificate(because(open?.certificateId));
  expect(await refused(again)).toEqual(["FailedPrecondition", "CERTIFICATE_STATE_CONFLICT"]);
  expect((await reconcile(other, 32, 30))?.state).toBe(VALID);
});

test("a revoked certificate stays revoked, whatever becomes of the sessions", async () => {
  const purchaseId = randomUUIDv7();
  const issued = await reconcile(purchaseId, 30, 30);
  const { certificate: revoked } = await mesh.as(Role.ADMIN).revokeCertificate(because(issued?.certificateId));
  expect(revoked?.state).toBe(REVOKED);
  expect(await reconcile(purchaseId, 31, 29)).toEqual(revoked);
  expect(await reconcile(purchaseId, 32, 30)).toEqual(revoked);
});

test("an unknown purchase is not found, and only services and admins reconcile", async () => {
  const request = { requestId: randomUUID(), purchaseId: randomUUIDv7() };
  const call = mesh.as(Role.SERVICE).reconcileCertificate(request);
  expect(await refused(call)).toEqual(["NotFound", "PURCHASE_NOT_FOUND"]);
  for (const role of [Role.OPERATOR, Role.STUDENT, Role.TRAINER]) {
    const [code] = await refused(mesh.as(role).reconcileCertificate(request));
    expect(code).toBe("PermissionDenied");
  }
});

test("whatever the order of readings, duplicates among them, the certificate ends as the latest ledger says", async () => {
  const history = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(history, fc.infiniteStream(fc.nat()), async (complete, order) => {
    const purchaseId = randomUUIDv7();
    const readings = [...complete.keys(), ...complete.keys()].sort(() => (order.next().value % 2 ? 1 : -1));
    const ledgers = readings.map((version) =>
      ledgerOf({ purchaseId, version, completed: complete[version] ? 30 : 29 }),
    );
    mesh.readings.set(purchaseId, ledgers);
    const service = mesh.as(Role.SERVICE);
    const ask = () => service.reconcileCertificate({ requestId: randomUUID(), purchaseId });
    // Who asks at once may hear the same.
    while (ledgers.length > 0) await Promise.all(ledgers.map(ask));
    const [certificate] = await certificatesOf(purchaseId);
    const earned = complete.at(-1);
    if (earned) expect(certificate?.state).toBe(VALID);
    else expect(certificate?.state ?? SUSPENDED).toBe(SUSPENDED);
  });
  await fc.assert(property, { numRuns: 25, seed: SEED });
}, 60_000);
