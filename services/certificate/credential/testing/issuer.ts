import { exportJWK, generateKeyPair, type JWK } from "jose";
import { createIssuer, type Issuer } from "../issuer.ts";
import { credentialKeys } from "../keys.ts";

export const TEST_PUBLIC_URL = "https://cadre.example";

export async function newCredentialKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
}

/** Of the public address of the tests, with these keys or with a new one. */
export async function testCredentialIssuer(keys?: JWK[]): Promise<Issuer> {
  return createIssuer({
    keys: credentialKeys.parse({ keys: keys ?? [await newCredentialKey("first")] }),
    publicUrl: TEST_PUBLIC_URL,
    companyName: "Cadre",
  });
}
