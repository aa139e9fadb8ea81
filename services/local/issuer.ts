import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from "jose";
import { z } from "zod";
import { LOCAL_ISSUER } from "../runtime/config.ts";
import { makeFolder } from "./folder.ts";
import { StartError } from "./start-error.ts";

/** Who signs tokens on a developer's machine. */
export interface LocalIssuer {
  issuer: string;
  /** What services verify with. */
  jwks: JSONWebKeySet;
  /** What tokens are signed with. */
  key: JWK;
}

/** Where a checkout keeps what belongs to the machine that it is on. */
export const LOCAL_DIRECTORY = fileURLToPath(new URL("../../.cadre", import.meta.url));

const FILE_NAME = "issuer.json";

const ed25519Key = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  alg: z.literal("EdDSA"),
  kid: z.string(),
  x: z.string(),
  d: z.string(),
});

const issuerFile = z.object({ issuer: z.string(), key: ed25519Key });

/** The issuer whose key lies in the directory; a new one where there is none yet. */
export async function localIssuer(directory: string): Promise<LocalIssuer> {
  const path = join(directory, FILE_NAME);
  const text = (await readIfThere(path)) ?? (await create(directory, path));
  const { issuer, key } = parse(text, path);
  const { d: _, ...publicKey } = key;
  return { issuer, jwks: { keys: [{ ...publicKey, use: "sig" }] }, key };
}

/** Linking fails when somebody else was first; then theirs counts. */
async function create(directory: string, path: string): Promise<string> {
  await makeFolder(directory);
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify({ issuer: LOCAL_ISSUER, key: await newKey() }, null, 2), { mode: 0o600 });
  try {
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(temporary);
  }
  return readFile(path, "utf8");
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const key = await exportJWK(privateKey);
  return { ...key, alg: "EdDSA", kid: await calculateJwkThumbprint(key) };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function parse(text: string, path: string): z.output<typeof issuerFile> {
  try {
    return issuerFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartError(`${path} does not hold a development key. Delete it, and the next start makes a new one.`, {
      cause,
    });
  }
}

function codeOf(error: unknown): unknown {
  return Error.isError(error) && "code" in error ? error.code : undefined;
}
