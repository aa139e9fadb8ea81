import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from "jose";
import { z } from "zod";
import type { LocalIssuer } from "./issuer.ts";
import { SERVICES } from "./services.ts";
import { StartError } from "./start-error.ts";

const key = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  alg: z.literal("EdDSA"),
  kid: z.string(),
  x: z.string(),
  d: z.string(),
});

const serviceSecrets = z.object({
  ownerPassword: z.string(),
  appPassword: z.string(),
  /** With which the service proves to the others who it is. */
  key,
});

const secretsFile = z.object({
  postgresPassword: z.string(),
  services: z.record(z.enum(SERVICES), serviceSecrets),
  /** What credentials are signed with: the first key signs, those before it stay for the credentials that they signed. */
  credentialKeys: z.tuple([key]).rest(key),
});

/** As an older version wrote it. */
const olderSecretsFile = secretsFile.partial({ credentialKeys: true });

/** What the processes of one machine share, made at the first start. */
export type Secrets = z.output<typeof secretsFile>;

/** Reads the directory's secrets, or makes them. One process at a time, which claimFolder sees to. */
export async function readSecrets(directory: string): Promise<Secrets> {
  const path = join(directory, "secrets.json");
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (Error.isError(error) && "code" in error && error.code === "ENOENT") return null;
    throw error;
  });
  const found = text === null ? null : parse(text, path);
  if (found?.credentialKeys) return secretsFile.parse(found);

  const credentialKeys = [await newKey()];
  const secrets = secretsFile.parse({ ...(found ?? (await newSecrets())), credentialKeys });
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}

/** What every process verifies tokens with: the issuer's, and each service's own, marked as good for that service alone. */
export function publicKeys(issuer: LocalIssuer, secrets: Secrets): JSONWebKeySet {
  const keys = SERVICES.map((name) => {
    const { d: _, ...publicKey } = secrets.services[name].key;
    return { ...publicKey, use: "sig", cadre_service: name };
  });
  return { keys: [...issuer.jwks.keys, ...keys] };
}

async function newSecrets(): Promise<z.output<typeof olderSecretsFile>> {
  const services = await Promise.all(
    SERVICES.map(async (name) => [name, { ownerPassword: password(), appPassword: password(), key: await newKey() }]),
  );
  return olderSecretsFile.parse({ postgresPassword: password(), services: Object.fromEntries(services) });
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, alg: "EdDSA", kid: await calculateJwkThumbprint(jwk) };
}

function password(): string {
  return randomBytes(24).toString("base64url");
}

function parse(text: string, path: string): z.output<typeof olderSecretsFile> {
  try {
    return olderSecretsFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartError(
      `${path} does not hold the secrets of a mesh: put back what was there, or delete its folder.`,
      {
        cause,
      },
    );
  }
}
