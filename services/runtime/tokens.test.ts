import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeAll, expect, test } from "@jest/globals";
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { createMinter, createVerifier, type TokenContent, type Verifier } from "./tokens.ts";

const ISSUER = "https://issuer.test";
const OPERATOR = "c0000000-0000-4000-8000-000000000000";
const GOOD = { subject: "ada", role: Role.OPERATOR, claims: { operator_id: OPERATOR }, lifetimeS: 60 };

let key: JWK & { kty: string };
let verifier: Verifier;

async function newKey(kid: string): Promise<JWK & { kty: string }> {
  const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  return { kty: "OKP", ...(await exportJWK(privateKey)), kid };
}

beforeAll(async () => {
  key = await newKey("one");
  const { d: _, ...publicKey } = key;
  verifier = createVerifier({ issuer: ISSUER, jwks: { keys: [publicKey] } });
});

/** A token that is right but for what the test changes. */
async function token(change: (jwt: SignJWT) => SignJWT, header = { alg: "EdDSA", typ: "at+jwt", kid: "one" }) {
  const jwt = new SignJWT({ role: "admin" })
    .setProtectedHeader(header)
    .setIssuer(ISSUER)
    .setAudience("cadre")
    .setSubject("mallory")
    .setExpirationTime("1 minute");
  const { importJWK } = await import("jose");
  return change(jwt).sign(await importJWK(key, "EdDSA"));
}

test("a minted token proves its caller, again and again", async () => {
  const minted = await createMinter({ issuer: ISSUER, key }).mint(GOOD);
  const caller = await verifier.verify(minted);
  expect(caller).toMatchObject({ subject: "ada", role: Role.OPERATOR, claims: { operator_id: OPERATOR } });
  expect(await verifier.verify(minted)).toBe(caller);
});

test.each<[string, (jwt: SignJWT) => SignJWT]>([
  ["another issuer", (jwt) => jwt.setIssuer("https://elsewhere.test")],
  ["another audience", (jwt) => jwt.setAudience("elsewhere")],
  ["no subject", (jwt) => jwt.setSubject("")],
])("a token with %s is refused", async (_, change) => {
  await expect(verifier.verify(await token(change))).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
});

test("an identity token is no access token", async () => {
  const identity = await token((jwt) => jwt, { alg: "EdDSA", typ: "JWT", kid: "one" });
  await expect(verifier.verify(identity)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
});

test("an expired token is told apart", async () => {
  const expired = await token((jwt) => jwt.setExpirationTime("-1 second"));
  await expect(verifier.verify(expired)).rejects.toMatchObject({ kind: "unauthenticated", reason: "TOKEN_EXPIRED" });
});

test("a token that is remembered expires all the same", async () => {
  const short = await createMinter({ issuer: ISSUER, key }).mint({ ...GOOD, lifetimeS: 1 });
  await verifier.verify(short);
  const expiresMs = 1000 * Math.ceil(Date.now() / 1000) + 1000;
  while (Date.now() <= expiresMs) await new Promise((resolve) => setImmediate(resolve));
  await expect(verifier.verify(short)).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
});

test("a stranger's signature, none at all, and a shared secret are refused", async () => {
  const stranger = await createMinter({ issuer: ISSUER, key: await newKey("one") }).mint(GOOD);
  const unsigned = new UnsecuredJWT({ role: "admin" }).setIssuer(ISSUER).setAudience("cadre").setSubject("mallory");
  // The public key is no secret: who signs with it as if it were one must not get in.
  const { importJWK } = await import("jose");
  const confused = await new SignJWT({ role: "admin" })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: "one" })
    .setIssuer(ISSUER)
    .setAudience("cadre")
    .setSubject("mallory")
    .setExpirationTime("1 minute")
    .sign(await importJWK({ kty: "oct", k: key.x ?? "" }, "HS256"));
  for (const forged of [stranger, unsigned.encode(), confused, "", "a.b.c"]) {
    await expect(verifier.verify(forged)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  }
});

test("a role that the contract does not know is refused", async () => {
  const { importJWK } = await import("jose");
  for (const role of ["root", "unspecified", "", 1]) {
    const odd = await new SignJWT({ role })
      .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: "one" })
      .setIssuer(ISSUER)
      .setAudience("cadre")
      .setSubject("mallory")
      .setExpirationTime("1 minute")
      .sign(await importJWK(key, "EdDSA"));
    await expect(verifier.verify(odd)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  }
});

test("a service's key speaks for that service, and for nobody else", async () => {
  const { d: _, ...publicKey } = { ...key, cadre_service: "booking" };
  const marked = createVerifier({ issuer: ISSUER, jwks: { keys: [publicKey] } });
  const minter = createMinter({ issuer: ISSUER, key });
  const service = { subject: "service:booking", role: Role.SERVICE, lifetimeS: 60 };
  expect(await marked.verify(await minter.mint(service))).toMatchObject({ role: Role.SERVICE });
  for (const pretended of [
    { ...service, role: Role.ADMIN },
    { ...service, subject: "service:trainer" },
    { ...service, subject: "ada", role: Role.OPERATOR },
  ]) {
    const refused = marked.verify(await minter.mint(pretended));
    await expect(refused).rejects.toMatchObject({ kind: "unauthenticated", reason: "TOKEN_INVALID" });
  }
});

test("from outside a service's key proves nothing, and a partner's token is the issuer's as everybody's", async () => {
  const partners = await newKey("partner");
  const keys = [{ ...key, cadre_service: "booking" }, partners].map(({ d: _private, ...publicKey }) => publicKey);
  const outside = createVerifier({ issuer: ISSUER, jwks: { keys }, outside: true });
  const token = { role: Role.SERVICE, lifetimeS: 60 };
  const stolen = createMinter({ issuer: ISSUER, key }).mint({ ...token, subject: "service:booking" });
  await expect(outside.verify(await stolen)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  const partner = createMinter({ issuer: ISSUER, key: partners }).mint({ ...token, subject: "partner" });
  expect(await outside.verify(await partner)).toMatchObject({ role: Role.SERVICE, subject: "partner" });
});

test("a marked key beside the issuer's stays marked", async () => {
  const other = await newKey("one");
  const { d: _one, ...service } = { ...key, cadre_service: "booking" };
  const { d: _other, ...issuers } = other;
  const both = createVerifier({
    issuer: ISSUER,
    jwks: {
      keys: [{ ...issuers, kid: "two" }, service],
    },
  });
  const forged = createMinter({ issuer: ISSUER, key }).mint(GOOD);
  await expect(both.verify(await forged)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  const good = createMinter({ issuer: ISSUER, key: { ...other, kid: "two" } }).mint(GOOD);
  expect(await both.verify(await good)).toMatchObject({ subject: "ada" });
});

test.each<[string, Partial<TokenContent>]>([
  ["with U+0000 in its subject", { subject: "a\u0000b" }],
  ["with a subject of over 200 characters", { subject: "a".repeat(201) }],
  ["with U+0000 in a claim", { claims: { operator_id: OPERATOR, name: "\u0000" } }],
  ["of an operator who does not say of which", { claims: {} }],
  ["of an operator whose id is none", { claims: { operator_id: "acme" } }],
  ["of a trainer who says whose staff it is alone", { role: Role.TRAINER }],
  ["of a student without its id", { role: Role.STUDENT, claims: {} }],
])("a token %s is refused", async (_, change) => {
  const odd = await createMinter({ issuer: ISSUER, key }).mint({ ...GOOD, ...change });
  await expect(verifier.verify(odd)).rejects.toMatchObject({ kind: "unauthenticated", reason: "TOKEN_INVALID" });
});

test("an issuer that answers with anything but keys is an outage of which the caller learns nothing", async () => {
  const answers: [number, string][] = [
    [503, "out of order"],
    [200, "<!doctype html><title>Sign in</title>"],
    [200, '{"keys": 1}'],
    [200, '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "alg": "EdDSA", "x": "AA"}]}'],
  ];
  let [status, body] = answers[0] ?? [];
  const issuer = createServer((_, response) => response.writeHead(status ?? 500).end(body));
  await once(issuer.listen(0, "127.0.0.1"), "listening");
  const jwks = new URL(`http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`);
  const minted = await createMinter({ issuer: ISSUER, key }).mint(GOOD);
  for ([status, body] of answers) {
    await expect(createVerifier({ issuer: ISSUER, jwks }).verify(minted)).rejects.toMatchObject({
      kind: "unavailable",
      reason: "TOKEN_KEYS_UNAVAILABLE",
      message: "the issuer's keys cannot be read at the moment",
    });
  }
  const { d: _, ...publicKey } = key;
  [status, body] = [200, JSON.stringify({ keys: [{ ...publicKey, kid: "other" }] })];
  await expect(createVerifier({ issuer: ISSUER, jwks }).verify(minted)).rejects.toMatchObject({
    reason: "TOKEN_INVALID",
  });
  issuer.close();
  issuer.closeAllConnections();
});

test("a token that is remembered is good no longer than its key is published", async () => {
  const [leaked, fresh] = [key, await newKey("two")];
  let published = [leaked];
  const issuer = createServer((_, response) => {
    response.end(JSON.stringify({ keys: published.map(({ d: _private, ...publicKey }) => publicKey) }));
  });
  await once(issuer.listen(0, "127.0.0.1").unref(), "listening");
  const jwks = new URL(`http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks.json`);
  const stolen = await createMinter({ issuer: ISSUER, key: leaked }).mint({ ...GOOD, lifetimeS: 10 * 365 * 86_400 });
  let nowMs = 1000;
  const [busy, idle] = [
    createVerifier({ issuer: ISSUER, jwks }),
    createVerifier({ issuer: ISSUER, jwks, nowMs: () => nowMs }),
  ];
  for (const verifying of [busy, idle]) await verifying.verify(stolen);

  published = [fresh];
  // One hears of the change by the first token of the new key, the other looks by itself.
  await busy.verify(await createMinter({ issuer: ISSUER, key: fresh }).mint(GOOD));
  nowMs += 3_700_000;
  for (const verifying of [busy, idle]) {
    await expect(verifying.verify(stolen)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
  }
  issuer.close();
  issuer.closeAllConnections();
});

test("keys that cannot be fetched are an outage, not the caller's fault", async () => {
  const blind = createVerifier({ issuer: ISSUER, jwks: new URL("http://127.0.0.1:1/jwks.json") });
  const minted = await createMinter({ issuer: ISSUER, key }).mint(GOOD);
  await expect(blind.verify(minted)).rejects.toMatchObject({ kind: "unavailable", reason: "TOKEN_KEYS_UNAVAILABLE" });
});
