import { execFileSync } from "node:child_process";
import { randomUUID, randomUUIDv7 } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeList } from "@digitalcredentials/vc-bitstring-status-list";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import { z } from "zod";
import type { Certificate } from "../../../gen/cadre/certificate/v1/certificate_pb.ts";
import { StatusPurpose } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { requireProgram } from "../../tests/debian-program.ts";
import { type CertificateMesh, startCertificateMesh } from "../testing/certificate-mesh.ts";
import { ledgerOf } from "../testing/neighbours.ts";
import { refused } from "../testing/refused.ts";
import { verifyCertificate } from "../verify-certificate.ts";
import { contexts } from "./contexts.ts";
import { credentialOf } from "./get-credential.ts";
import { findSetPlaces } from "./queries.ts";
import { newCredentialKey, testCredentialIssuer } from "./testing/issuer.ts";
import { verified } from "./testing/verifier.ts";

const PYTHON = "/usr/bin/python3";
const SCHEMA = fileURLToPath(new URL("open-badge.schema.json", import.meta.url));
const VERIFIER = fileURLToPath(new URL("testing/verify.py", import.meta.url));
const NOW = new Date("2030-09-01T12:00:00Z");
const PORTO = "018f0000-0000-7000-8000-0000000000f1";

const json = z.record(z.string(), z.unknown());
const withStatus = z.looseObject({
  credentialStatus: z.array(
    z.looseObject({ statusPurpose: z.string(), statusListIndex: z.string(), statusListCredential: z.string() }),
  ),
});
const withList = z.looseObject({ credentialSubject: z.looseObject({ encodedList: z.string() }) });

let mesh: CertificateMesh;
let anybody: ReturnType<CertificateMesh["as"]>;

beforeAll(async () => {
  mesh = await startCertificateMesh();
  mesh.franchiseNames.set(PORTO, "Swim School Porto");
  anybody = mesh.as(null);
});
afterAll(() => mesh.close());

function issued(): Promise<Certificate> {
  return mesh.issue({ purchaseId: randomUUIDv7(), franchiseId: PORTO, completed: 30 });
}

async function textOf({ code }: Certificate): Promise<string> {
  return (await anybody.getCredential({ code })).document;
}

async function issuerDocument(): Promise<object> {
  return json.parse(JSON.parse((await anybody.getIssuerDocument({})).document));
}

async function lists(): Promise<Map<string, object>> {
  const read = async (name: string, purpose: StatusPurpose): Promise<[string, object]> => {
    const { document } = await anybody.getStatusList({ purpose, list: 0 });
    return [`https://cadre.example/status/${name}-0`, json.parse(JSON.parse(document))];
  };
  return new Map([
    await read("revocation", StatusPurpose.REVOCATION),
    await read("suspension", StatusPurpose.SUSPENSION),
  ]);
}

test("anybody with the code gets the credential, which says what the certificate says", async () => {
  const certificate = await issued();
  expect(JSON.parse(await textOf(certificate))).toMatchObject({
    id: `https://cadre.example/credentials/${certificate.code}`,
    type: ["VerifiableCredential", "OpenBadgeCredential"],
    issuer: { id: "did:web:cadre.example", name: "Cadre" },
    validFrom: "2030-09-01T12:00:00Z",
    credentialSubject: {
      identifier: [{ identityHash: "Ada Lovelace", identityType: "name", hashed: false }],
      activityStartDate: "2030-01-01T09:00:00Z",
      activityEndDate: "2030-07-23T09:00:00Z",
      source: { id: `https://cadre.example/credentials/${certificate.code}#operator`, name: "Swim School Porto" },
      result: [{ value: "22.5" }],
      achievement: {
        name: "Crawl for beginners",
        description: "30 sessions, 22.5 hours in Lisbon, held by Grace Hopper.",
        creator: { name: "Swim School Porto" },
      },
    },
    proof: {
      type: "DataIntegrityProof",
      cryptosuite: "eddsa-rdfc-2022",
      verificationMethod: "did:web:cadre.example#first",
      proofPurpose: "assertionMethod",
      created: "2030-09-01T12:00:00Z",
    },
  });
});

test("it tells no id of the purchase, of the student, or of the operator", async () => {
  const certificate = await issued();
  const text = await textOf(certificate);
  const { purchaseId, studentId, operatorId, certificateId } = certificate;
  for (const id of [purchaseId, studentId, operatorId, certificateId]) expect(text).not.toContain(id);
});

test("where the student was erased before the issue, there is no credential, which would be anybody's", async () => {
  const purchaseId = randomUUIDv7();
  mesh.ledgers.set(purchaseId, { ...ledgerOf({ purchaseId, completed: 30 }), studentName: "", studentLanguage: "" });
  const { certificate } = await mesh.as(Role.SERVICE).issueCertificate({ requestId: randomUUID(), purchaseId });
  const call = anybody.getCredential({ code: certificate?.code ?? "" });
  expect(await refused(call)).toEqual(["FailedPrecondition", "CERTIFICATE_NOT_PRINTABLE"]);
});

test("it is always the same bytes, for sixteen who ask first at once and for whoever asks later", async () => {
  const certificate = await issued();
  const first = await Promise.all(Array.from({ length: 16 }, () => textOf(certificate)));
  expect(new Set([...first, await textOf(certificate)]).size).toBe(1);
});

test("the digest of the ledger is inside, as credentials write digests", async () => {
  const certificate = await issued();
  const { evidence } = z
    .looseObject({ evidence: z.array(z.looseObject({ digestMultibase: z.string() })) })
    .parse(JSON.parse(await textOf(certificate)));
  const [marker, ...rest] = evidence[0]?.digestMultibase ?? "";
  expect(marker).toBe("u");
  expect(Buffer.from(rest.join(""), "base64url").toString("hex")).toBe(`1220${certificate.ledgerDigest}`);
});

test("it has the form that Open Badges 3.0 and Verifiable Credentials 2.0 require", async () => {
  const conforms = new Ajv2020({ strict: false, formats: { uri: (text: string) => URL.canParse(text) } }).compile(
    JSON.parse(readFileSync(SCHEMA, "utf8")),
  );
  const credential = json.parse(JSON.parse(await textOf(await issued())));
  expect(conforms(credential) || conforms.errors).toBe(true);
  for (const member of ["issuer", "validFrom", "credentialSubject", "proof"]) {
    expect(conforms({ ...credential, [member]: undefined })).toBe(false);
  }
});

test("PyLD and Python's cryptography, which share nothing with what signed it, accept it and nothing edited", async () => {
  requireProgram("python3-pyld python3-cryptography", PYTHON, "-c", "import pyld, cryptography");
  const credential = json.parse(JSON.parse(await textOf(await issued())));
  const { verificationMethod } = z
    .looseObject({ verificationMethod: z.array(z.looseObject({ publicKeyMultibase: z.string() })) })
    .parse(await issuerDocument());
  const publicKeyMultibase = verificationMethod[0]?.publicKeyMultibase;
  const judged = (given: object): string =>
    execFileSync(PYTHON, [VERIFIER], {
      input: JSON.stringify({ credential: given, publicKeyMultibase, contexts: Object.fromEntries(contexts) }),
      encoding: "utf8",
    }).trim();
  expect(judged(credential)).toBe("verified");
  expect(judged({ ...credential, name: "Butterfly" })).toBe("the signature is of something else");
}, 60_000);

test("the library's verifier accepts it, and refuses it with any value changed", async () => {
  const credential = json.parse(JSON.parse(await textOf(await issued())));
  const published = { issuerDocument: await issuerDocument(), now: NOW };
  expect(await verified(credential, published)).toMatchObject({ verified: true });
  const changes = changedOnce(credential);
  expect(changes.length).toBeGreaterThan(40);
  for (const { path, changed } of changes) {
    const { verified: accepted } = await verified(changed, published);
    if (accepted) throw new Error(`it is accepted with another ${path}`);
  }
}, 60_000);

test("a suspended certificate's place is set in one list, a revoked one's in the other, both signed", async () => {
  const [suspended, revoked, valid] = [await issued(), await issued(), await issued()];
  const admin = mesh.as(Role.ADMIN);
  const because = ({ certificateId }: Certificate) => ({ requestId: randomUUID(), certificateId, reason: "a test" });
  await admin.suspendCertificate(because(suspended));
  await admin.suspendCertificate(because(revoked));
  await admin.revokeCertificate(because(revoked));

  const published = { issuerDocument: await issuerDocument(), lists: await lists(), now: NOW };
  expect(await verified(json.parse(JSON.parse(await textOf(valid))), published)).toMatchObject({ verified: true });
  for (const [certificate, purpose] of [
    [suspended, "suspension"],
    [revoked, "revocation"],
  ] as const) {
    const credential = withStatus.parse(JSON.parse(await textOf(certificate)));
    expect(await verified(credential, published)).toMatchObject({ verified: false });
    const set = credential.credentialStatus.map(async (entry) => {
      const { credentialSubject } = withList.parse(published.lists.get(entry.statusListCredential));
      const list = await decodeList({ encodedList: credentialSubject.encodedList });
      return list.getStatus(Number(entry.statusListIndex)) ? [entry.statusPurpose] : [];
    });
    expect((await Promise.all(set)).flat()).toEqual([purpose]);
  }
  for (const list of published.lists.values()) {
    expect(await verified(list, published)).toMatchObject({ verified: true });
  }
}, 60_000);

test("a new list is believed by whoever's clock is some minutes slow, and no longer than a day", async () => {
  await issued();
  const published = { issuerDocument: await issuerDocument(), lists: await lists() };
  const believedAt = (time: string) =>
    Promise.all([...published.lists.values()].map((list) => verified(list, { ...published, now: new Date(time) })));
  const [yes, no] = [{ verified: true }, { verified: false }];
  expect(await believedAt("2030-09-01T11:51:00Z")).toMatchObject([yes, yes]);
  expect(await believedAt("2030-09-02T11:59:00Z")).toMatchObject([yes, yes]);
  expect(await believedAt("2030-09-02T12:01:00Z")).toMatchObject([no, no]);
}, 60_000);

test("a list that nobody is in is not there", async () => {
  const call = anybody.getStatusList({ purpose: StatusPurpose.REVOCATION, list: 7 });
  expect(await refused(call)).toEqual(["NotFound", "STATUS_LIST_NOT_FOUND"]);
  const none = anybody.getStatusList({ purpose: StatusPurpose.UNSPECIFIED, list: 0 });
  expect(await refused(none)).toEqual(["InvalidArgument", "INVALID_FIELD"]);
});

function placeOf(document: string): number {
  return Number(withStatus.parse(JSON.parse(document)).credentialStatus[0]?.statusListIndex);
}

test("every certificate has a place of its own, drawn", async () => {
  const places: number[] = [];
  for (const certificate of await Promise.all(Array.from({ length: 12 }, issued))) {
    const { credentialStatus } = withStatus.parse(JSON.parse(await textOf(certificate)));
    expect(new Set(credentialStatus.map(({ statusListIndex }) => statusListIndex)).size).toBe(1);
    places.push(Number(credentialStatus[0]?.statusListIndex));
  }
  expect(new Set(places).size).toBe(12);
  expect(Math.max(...places)).toBeGreaterThan(1000);
});

test("completed anew, a certificate has a new credential, and the old one counts as revoked for good", async () => {
  const certificate = await issued();
  const before = await textOf(certificate);
  const { purchaseId } = certificate;
  const reconcile = () => mesh.as(Role.SERVICE).reconcileCertificate({ requestId: randomUUID(), purchaseId });
  mesh.ledgers.set(purchaseId, ledgerOf({ purchaseId, franchiseId: PORTO, completed: 29, version: 31 }));
  await reconcile();
  expect(await textOf(certificate)).toBe(before);
  const again = ledgerOf({ purchaseId, franchiseId: PORTO, completed: 30, version: 32 });
  Object.assign(again.entries?.[29] ?? {}, { completedBy: "operator-1" });
  mesh.ledgers.set(purchaseId, again);
  await reconcile();
  const after = await textOf(certificate);
  expect(JSON.parse(after).evidence[0].digestMultibase).not.toBe(JSON.parse(before).evidence[0].digestMultibase);
  expect(JSON.parse(after).id).toBe(JSON.parse(before).id);

  const [place, newPlace] = [placeOf(before), placeOf(after)];
  const revoked = await findSetPlaces(mesh.db, { purpose: "revocation", list: 0 });
  expect([revoked?.includes(place), revoked?.includes(newPlace)]).toEqual([true, false]);
  expect(await findSetPlaces(mesh.db, { purpose: "suspension", list: 0 })).not.toContain(place);

  mesh.ledgers.set(purchaseId, ledgerOf({ purchaseId, franchiseId: PORTO, completed: 30, version: 33 }));
  await reconcile();
  const asBefore = await textOf(certificate);
  expect(JSON.parse(asBefore).evidence).toEqual(JSON.parse(before).evidence);
  expect([place, newPlace]).not.toContain(placeOf(asBefore));
});

test("a code that nobody was given gives no credential", async () => {
  for (const code of ["A".repeat(22), "x", "' or true --"]) {
    expect(await refused(anybody.getCredential({ code }))).toEqual(["NotFound", "CERTIFICATE_NOT_FOUND"]);
  }
});

test("a new key under the old one's name signs anew", async () => {
  const certificate = await verifyCertificate(mesh.db, (await issued()).code);
  const [one, other] = [await testCredentialIssuer(), await testCredentialIssuer()];
  const first = await credentialOf({ db: mesh.db, issuer: one }, certificate);
  const second = await credentialOf({ db: mesh.db, issuer: other }, certificate);
  expect(second).not.toBe(first);
  const published = { issuerDocument: other.document, now: NOW };
  expect(await verified(json.parse(JSON.parse(second)), published)).toMatchObject({ verified: true });
});

test("while a key is replaced, processes with the old and with the new one both answer, each with what it signed", async () => {
  const certificate = await verifyCertificate(mesh.db, (await issued()).code);
  const issuers = [await testCredentialIssuer(), await testCredentialIssuer([await newCredentialKey("second")])];
  const asked = Array.from({ length: 60 }, (_, n) => {
    const issuer = issuers[n % 2];
    if (!issuer) throw new Error("there are two");
    return credentialOf({ db: mesh.db, issuer }, certificate);
  });
  const methods = (await Promise.all(asked)).map((text) => JSON.parse(text).proof.verificationMethod);
  expect(methods).toEqual(Array.from({ length: 60 }, (_, n) => `did:web:cadre.example#${n % 2 ? "second" : "first"}`));
});

test("after a key has been replaced, what it signed can still be verified; taken out of the list, it cannot", async () => {
  const [old, fresh] = [await newCredentialKey("old"), await newCredentialKey("new")];
  const before = await testCredentialIssuer([old]);
  const unsigned = { ...json.parse(JSON.parse(await textOf(await issued()))), proof: undefined };
  const signed = await before.sign(JSON.parse(JSON.stringify(unsigned)), Temporal.Instant.from("2030-09-01T12:00:00Z"));

  const { d: _, ...oldPublic } = old;
  const after = await testCredentialIssuer([fresh, oldPublic]);
  expect(after.keyIds).toEqual(["did:web:cadre.example#new", "did:web:cadre.example#old"]);
  expect(await verified(signed, { issuerDocument: after.document, now: NOW })).toMatchObject({ verified: true });
  const without = await testCredentialIssuer([fresh]);
  expect(await verified(signed, { issuerDocument: without.document, now: NOW })).toMatchObject({ verified: false });
});

/** Every way to change one value of it, wherever that is. */
function changedOnce(whole: object): { path: string; changed: object }[] {
  const paths: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value))
        walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    } else paths.push(path);
  };
  walk(whole, []);
  return paths.map((path) => {
    const changed = JSON.parse(JSON.stringify(whole));
    let at = changed;
    for (const step of path.slice(0, -1)) at = at[step];
    const last = path.at(-1) ?? "";
    const value: unknown = at[last];
    at[last] =
      typeof value === "boolean" ? !value : `${String(value).slice(0, -1)}${String(value).endsWith("x") ? "y" : "x"}`;
    return { path: path.join("."), changed };
  });
}
