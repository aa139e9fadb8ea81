import { createPrivateKey, createPublicKey } from "node:crypto";
import { z } from "zod";

const publicKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  kid: z.string().regex(/^[A-Za-z0-9._~-]+$/, "is not fit for a link"),
  x: z.string().length(43),
});
const privateKey = publicKey
  .extend({ d: z.string().length(43) })
  .refine((key) => publicHalf(key) === key.x, "what it signs, nobody could verify: x is not the public half of d");

/**
 * A JSON Web Key Set: the first key signs, the others are published. A key that has signed stays in the list, its private
 * part may go; a credential whose key is taken out cannot be verified any more, and is signed anew.
 */
export const credentialKeys = z
  .object({ keys: z.tuple([privateKey]).rest(publicKey) })
  .transform(({ keys }) => keys)
  .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, "two keys have one kid");

export type CredentialKeys = z.output<typeof credentialKeys>;
export type CredentialKey = z.output<typeof publicKey>;

/** Null for what is no key at all. */
function publicHalf({ kty, crv, x, d }: z.output<typeof publicKey> & { d: string }): string | null {
  try {
    return (
      createPublicKey(createPrivateKey({ key: { kty, crv, x, d }, format: "jwk" })).export({ format: "jwk" }).x ?? null
    );
  } catch {
    return null;
  }
}
