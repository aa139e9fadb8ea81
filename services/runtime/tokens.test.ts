import { beforeAll, expect, test } from "@jest/globals";
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { createMinter, createVerifier, type Verifier } from "./tokens.ts";

const ISSUER = "https://issuer.test";
const GOOD = { subject: "ada", role: Role.OPERATOR, claims: { operator_id: "o" }, lifetimeS: 60 };

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
  expect(caller).toMatchObject({ subject: "ada", role: Role.OPERATOR, claims: { operator_id: "o" } });
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

test("keys that cannot be fetched are an outage, not the caller's fault", async () => {
  const blind = createVerifier({ issuer: ISSUER, jwks: new URL("http://127.0.0.1:1/jwks.json") });
  const minted = await createMinter({ issuer: ISSUER, key }).mint(GOOD);
  await expect(blind.verify(minted)).rejects.toMatchObject({ kind: "unavailable", reason: "TOKEN_KEYS_UNAVAILABLE" });
});
