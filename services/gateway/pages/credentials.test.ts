import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CertificateService, StatusPurpose } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { keepAllowances } from "../../runtime/allowances.ts";
import { standIn } from "../../runtime/testing/stand-in.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const KNOWN = "known-----------------";
const NAMELESS = "nameless--------------";
const certificates = standIn(CertificateService, {
  getCredential({ code }) {
    if (code === NAMELESS) throw new ConnectError("nobody", Code.FailedPrecondition);
    if (code !== KNOWN) throw new ConnectError("no", Code.NotFound);
    return { document: '{"credential":"ä"}' };
  },
  getIssuerDocument: () => ({ document: '{"issuer":1}' }),
  getStatusList({ purpose, list }) {
    if (list > 0) throw new ConnectError("no", Code.NotFound);
    return { document: purpose === StatusPurpose.REVOCATION ? '{"revoked":1}' : '{"suspended":1}' };
  },
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(certificates);
});
afterAll(() => gateway.stop(0));

const open = (path: string, init: RequestInit = {}) => fetch(`${gateway.url}${path}`, init);

test.each([
  [`/credentials/${KNOWN}`, "application/vc", '{"credential":"ä"}'],
  ["/status/revocation-0", "application/vc", '{"revoked":1}'],
  ["/status/suspension-0", "application/vc", '{"suspended":1}'],
  ["/.well-known/did.json", "application/did+ld+json", '{"issuer":1}'],
  ["/did.json", "application/did+ld+json", '{"issuer":1}'],
])("%s is there for programs, those on other pages too", async (path, mediaType, document) => {
  const response = await open(path, { headers: { origin: "https://verifier.example" } });
  expect([response.status, await response.text()]).toEqual([200, document]);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": mediaType,
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
  });
  expect((await open(path, { method: "POST", body: "x" })).status).toBe(405);
});

test("a credential, which names somebody, is kept and found by nobody on its way", async () => {
  const { headers } = await open(`/credentials/${KNOWN}`);
  expect([headers.get("cache-control"), headers.get("x-robots-tag")]).toEqual(["no-store", "noindex, nofollow"]);
});

test("lists and keys may be kept for as long as they count as fresh", async () => {
  expect((await open("/status/revocation-0")).headers.get("cache-control")).toBe("max-age=5");
  expect((await open("/did.json")).headers.get("cache-control")).toBe("max-age=300");
});

test.each([
  `/credentials/${"A".repeat(22)}`,
  `/credentials/${NAMELESS}`,
  "/credentials/x",
  "/credentials/",
  "/status/revocation-1",
  "/status/revocation--1",
  "/status/revocation-9999999999",
  "/status/holiday-0",
  "/.well-known/did.jsonx",
])("nobody published %s", async (path) => {
  expect((await open(path)).status).toBe(404);
});

test("who asks too often is told when to come back", async () => {
  const sizes = new Map(["address", "user", "verification"].map((name) => [name, { points: 100, durationS: 60 }]));
  sizes.set("verification", { points: 1, durationS: 60 });
  const limited = await startTestGateway(certificates, {
    allowances: keepAllowances(sizes),
    addressOf: () => "198.51.100.7",
  });
  const answers = [1, 2].map(() => fetch(`${limited.url}/credentials/${KNOWN}`));
  const [first, second] = (await Promise.all(answers)).toSorted((one, other) => one.status - other.status);
  expect([first?.status, second?.status]).toEqual([200, 429]);
  expect(Number(second?.headers.get("retry-after"))).toBeGreaterThan(1);
  expect(second?.headers.get("content-type")).toBe("application/problem+json");
  expect(await second?.json()).toMatchObject({ status: 429 });
  await limited.stop(0);
});

test("without the service behind it a document says that it is away, and nothing of the certificate", async () => {
  await gateway.stopBackend();
  for (const path of [`/credentials/${KNOWN}`, "/status/revocation-0", "/did.json"]) {
    const response = await open(path);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      title: "The certificate service is not available at the moment.",
      status: 503,
    });
  }
});
