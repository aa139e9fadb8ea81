import { randomBytes, randomUUID, randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { sql } from "../runtime/database.ts";
import { type CertificateMesh, startCertificateMesh } from "./testing/certificate-mesh.ts";
import { ledgerOf } from "./testing/neighbours.ts";

const { draw, startDrawing } = luckyUntilTold();
let mesh: CertificateMesh;

beforeAll(async () => {
  mesh = await startCertificateMesh(draw);
});
afterAll(() => mesh.close());

function completed(count: number): string[] {
  const purchaseIds = Array.from({ length: count }, () => randomUUIDv7());
  for (const purchaseId of purchaseIds) mesh.ledgers.set(purchaseId, ledgerOf({ purchaseId, completed: 30 }));
  return purchaseIds;
}

function reconcileAll(purchaseIds: string[], requestIds = purchaseIds.map(() => randomUUID() as string)) {
  const service = mesh.as(Role.SERVICE);
  return Promise.all(
    purchaseIds.map((purchaseId, index) =>
      service.reconcileCertificate({ purchaseId, requestId: requestIds[index] ?? "" }),
    ),
  );
}

/** By how many transactions, and how often each of them was noted. */
function written(purchaseIds: string[]) {
  return mesh.db.one(sql.type(z.object({ certificates: z.number(), transactions: z.number(), audits: z.number() }))`
    select count(*) as certificates, count(distinct c.xmin::text) as transactions,
      (select count(*) from audit_log a where a.entity_id = any(array_agg(c.certificate_id::text))) as audits
    from certificate c where purchase_id = any(${sql.array(purchaseIds, "uuid")})
  `);
}

test("purchases that are completed together share reads and statements, and each has its certificate and its answer", async () => {
  mesh.ledgersAsked.length = 0;
  const purchaseIds = completed(24);
  const answers = await reconcileAll(purchaseIds);
  expect(answers.map(({ certificate }) => certificate?.purchaseId)).toEqual(purchaseIds);
  expect(new Set(answers.map(({ certificate }) => certificate?.number)).size).toBe(24);
  expect(mesh.ledgersAsked.length).toBeLessThan(12);
  const { certificates, transactions, audits } = await written(purchaseIds);
  expect({ certificates, audits }).toEqual({ certificates: 24, audits: 24 });
  expect(transactions).toBeLessThan(12);
});

test("what was issued, or answered, before takes nothing away from those that come with it", async () => {
  const purchaseIds = completed(8);
  const requestIds = purchaseIds.map(() => randomUUID() as string);
  const before = await reconcileAll(purchaseIds.slice(0, 2), requestIds.slice(0, 2));
  const again = await reconcileAll(purchaseIds, [requestIds[0] ?? "", randomUUID(), ...requestIds.slice(2)]);
  expect(again.slice(0, 2)).toEqual(before);
  expect(again.map(({ certificate }) => certificate?.purchaseId)).toEqual(purchaseIds);
  expect(await written(purchaseIds)).toMatchObject({ certificates: 8, audits: 8 });
});

test("an unknown purchase among others is refused alone", async () => {
  const purchaseIds = completed(4);
  const service = mesh.as(Role.SERVICE);
  const unknown = service.reconcileCertificate({ requestId: randomUUID(), purchaseId: randomUUIDv7() });
  const [refused] = await Promise.all([unknown.catch(String), reconcileAll(purchaseIds)]);
  expect(refused).toContain("there is no purchase");
  expect(await written(purchaseIds)).toMatchObject({ certificates: 4, audits: 4 });
});

test("a number that is taken is drawn again, and the others keep theirs", async () => {
  const [first = ""] = completed(1);
  startDrawing([1, 2]);
  await reconcileAll([first]);
  const purchaseIds = completed(6);
  startDrawing([1, 3]);
  const answers = await reconcileAll(purchaseIds);
  expect(new Set(answers.map(({ certificate }) => certificate?.number)).size).toBe(6);
  expect(await written([first, ...purchaseIds])).toMatchObject({ certificates: 7, audits: 7 });
});

/** Draws at random, but for what it was told to draw next: a number and a code. */
function luckyUntilTold() {
  let next: number[] = [];
  return {
    draw: (size: number) => (next.length > 0 ? Buffer.alloc(size, next.shift()) : randomBytes(size)),
    startDrawing(these: number[]) {
      next = these;
    },
  };
}
