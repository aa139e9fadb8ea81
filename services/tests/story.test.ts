import { randomUUID } from "node:crypto";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { z } from "zod";
import { type Certificate, CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { verified } from "../certificate/credential/testing/verifier.ts";
import { type Company, givenCompany } from "./company.ts";
import { type Mesh, startMesh } from "./mesh.ts";

let mesh: Mesh;
let company: Company;
beforeAll(async () => {
  mesh = await startMesh();
  company = await givenCompany(mesh);
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

/** By what is published alone. */
async function expectVerifiable({ code }: Certificate): Promise<void> {
  const read = async (path: string, mediaType: string): Promise<object> => {
    const response = await fetch(`${mesh.gatewayUrl}${path}`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, mediaType]);
    return z.looseObject({}).parse(await response.json());
  };
  const credential = z
    .looseObject({
      validFrom: z.iso.datetime(),
      credentialStatus: z.array(z.looseObject({ statusListCredential: z.url() })),
    })
    .parse(await read(`/credentials/${code}`, "application/vc"));
  const lists = new Map<string, object>();
  for (const { statusListCredential: url } of credential.credentialStatus) {
    expect(url).toMatch(/^http:\/\/localhost:\d+\/status\/(revocation|suspension)-0$/);
    lists.set(url, await read(new URL(url).pathname, "application/vc"));
  }
  const issuerDocument = await read("/.well-known/did.json", "application/did+ld+json");
  const published = { issuerDocument, lists, now: new Date(Date.parse(credential.validFrom) + 1000) };
  expect(await verified(credential, published)).toMatchObject({ verified: true });
  expect((await fetch(`${mesh.gatewayUrl}/credentials/${"A".repeat(22)}`)).status).toBe(404);
}

test("from a wish to a certificate that anybody can verify, and none before the thirtieth session", async () => {
  const { franchiseId } = company;
  const trainerId = await company.givenTrainer();
  const booked = await company.book("09:00");
  expect(booked.trainer?.trainerId).toBe(trainerId);
  expect(booked.purchase).toMatchObject({ operatorId: franchiseId, franchiseId, sessionCount: 30 });

  await company.complete({ sessions: booked.sessions.slice(0, 29) });
  expect(await company.certificatesOf(booked)).toEqual([]);
  const early = company.certificates.issueCertificate({
    requestId: randomUUID(),
    purchaseId: booked.purchase?.purchaseId ?? "",
  });
  const error = await early.then(() => undefined, ConnectError.from);
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "CERTIFICATE_NOT_EARNED" }]);

  await company.complete({ sessions: booked.sessions.slice(29) });
  const certificate = await company.certificateOf(booked);
  expect(certificate).toMatchObject({ operatorName: "Cadre Sydney", studentName: "Grace", totalMinutes: 30 * 45 });

  const anybody = createConnectTransport({ baseUrl: mesh.gatewayUrl, httpVersion: "1.1" });
  expect(await createClient(CertificateService, anybody).verifyCertificate({ code: certificate.code })).toMatchObject({
    state: CertificateState.VALID,
    number: certificate.number,
    courseName: "Swimming",
    sessionCount: 30,
  });

  await expectVerifiable(certificate);

  const rival = createClient(CertificateService, mesh.transportAs(Role.OPERATOR, { operator_id: randomUUID() }));
  expect((await rival.listCertificates({})).certificates).toEqual([]);
});

test("sixteen callers who want one trainer at once: one booking, fifteen refusals, no overlap", async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 16 }, () => company.book("13:00")));
  const reasons = outcomes.map((outcome) =>
    outcome.status === "fulfilled"
      ? "booked"
      : (ConnectError.from(outcome.reason).findDetails(ErrorInfoSchema)[0]?.reason ?? String(outcome.reason)),
  );
  expect(reasons.filter((reason) => reason === "booked")).toHaveLength(1);
  expect(reasons.filter((reason) => reason === "NO_TRAINER_AVAILABLE")).toHaveLength(15);

  const database = new pg.Client({ connectionString: mesh.adminUrls.booking });
  await database.connect();
  const { rows } = await database.query(`
    select from session a join session b on a.trainer_id = b.trainer_id and a.session_id < b.session_id
      and a.start_time < b.end_time + make_interval(mins => b.buffer_minutes)
      and b.start_time < a.end_time + make_interval(mins => a.buffer_minutes)
  `);
  await database.end();
  expect(rows).toEqual([]);
});

test("the certificate comes when the service that issues it was dead at the last completion", async () => {
  const booked = await company.book("15:00");
  await mesh.kill("certificate");
  await company.complete(booked);
  await mesh.start("certificate");
  const certificate = await company.certificateOf(booked);
  expect(await company.certificatesOf(booked)).toEqual([certificate]);
}, 60_000);

test("the certificate comes when booking is killed right after the last completion", async () => {
  const booked = await company.book("17:00");
  await company.complete(booked);
  await mesh.kill("booking");
  await mesh.start("booking");
  const certificate = await company.certificateOf(booked);
  expect(await company.certificatesOf(booked)).toEqual([certificate]);
}, 60_000);

test("reopening a session suspends the certificate, completing it again makes it valid under a new ledger", async () => {
  const booked = await company.book("10:00");
  await company.complete(booked);
  const issued = await company.certificateOf(booked);
  const { purchase } = await company.bookings.getPurchase({ purchaseId: issued.purchaseId });
  const { sessions } = await company.bookings.listSessions({ purchaseId: issued.purchaseId });
  const [, , third] = sessions;
  if (!third) throw new Error("there is no third session");
  const { sessionId, etag } = third;
  const reopened = await company.bookings.reopenSession({
    requestId: randomUUID(),
    sessionId,
    etag,
    reason: "a mistake",
  });
  expect(BigInt(reopened.purchase?.etag ?? 0)).toBeGreaterThan(BigInt(purchase?.etag ?? 0));
  await company.certificateOf(booked, ({ state }) => state === CertificateState.SUSPENDED);

  await company.complete({ sessions: [third] }, 60_000);
  const again = await company.certificateOf(booked, ({ state }) => state === CertificateState.VALID);
  expect(again).toMatchObject({ number: issued.number, code: issued.code });
  expect(again.ledgerDigest).not.toBe(issued.ledgerDigest);
  expect(await company.certificatesOf(booked)).toEqual([again]);
}, 60_000);

test("a certificate whose job is lost, with every process that knew of it, comes all the same", async () => {
  const booked = await company.book("11:00");
  await mesh.kill("certificate");
  await company.complete(booked);
  await mesh.kill("booking");
  const database = new pg.Client({ connectionString: mesh.adminUrls.booking });
  await database.connect();
  const { rowCount } = await database.query("delete from graphile_worker._private_jobs where key = $1", [
    `certificate:${booked.purchase?.purchaseId}`,
  ]);
  await database.end();
  expect(rowCount).toBe(1);
  await Promise.all([mesh.start("certificate"), mesh.start("booking")]);
  const certificate = await company.certificateOf(booked);
  expect(await company.certificatesOf(booked)).toEqual([certificate]);
}, 90_000);
