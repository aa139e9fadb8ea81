import { createPrivateKey } from "node:crypto";
import type { JSONWebKeySet, JWK } from "jose";
import { z } from "zod";

/** What variables of the environment hold, each as a schema that says in a few words what is wrong with a value. */

/** Digits and nothing else: Number takes an empty text for 0, and "1e3" for a thousand. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, "is not a whole number")
  .transform(Number);

export const port = wholeNumber.pipe(z.number().max(65_535));

export const count = wholeNumber.pipe(z.number().min(1));

/** Where a service listens, as gRPC resolves names (gRFC A44, naming.md): "127.0.0.1:7101", "dns:///booking:7102". */
export const grpcAddress = z
  .string()
  .regex(
    /^(unix:\S+|xds:\S+|([a-z0-9-]+:(\/\/[^\s/]*\/)?)?\S+:\d{1,5})$/,
    "is not host:port, nor another address of gRPC",
  );

/** A variable that holds JSON. */
export const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});

/** The token issuer's public keys: a JSON Web Key Set with a key, or the address where it is published. */
export const publicKeys = z.union([
  z.url({ protocol: /^https?$/ }).transform((url) => new URL(url)),
  jsonText.pipe(
    z.custom<JSONWebKeySet>(
      (value) => z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) }).safeParse(value).success,
      "is not a JSON Web Key Set with a key",
    ),
  ),
]);

/** With which tokens are signed (RFC 8037). */
export const signingKey = jsonText.pipe(
  z.custom<JWK>((value) => isSigningKey(value), "is not a private Ed25519 key as a JSON Web Key"),
);

function isSigningKey(value: unknown): boolean {
  const { success } = z
    .looseObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), d: z.string() })
    .safeParse(value);
  if (!success) return false;
  try {
    createPrivateKey({ key: value as JWK, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}
