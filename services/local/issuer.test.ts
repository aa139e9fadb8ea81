import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from "jose";
import { localIssuer } from "./issuer.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cadre-issuer-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("what the key signs, the public keys verify", async () => {
  const { issuer, jwks, key } = await localIssuer(directory);
  const token = await new SignJWT({})
    .setIssuer(issuer)
    .setProtectedHeader({ alg: "EdDSA" })
    .sign(await importJWK(key));
  await expect(jwtVerify(token, createLocalJWKSet(jwks), { issuer })).resolves.toBeDefined();
});

test("the key stays the same, and private", async () => {
  const first = await localIssuer(directory);
  expect(await localIssuer(directory)).toEqual(first);
  expect(JSON.stringify(first.jwks)).not.toContain('"d"');
  expect((await stat(join(directory, "issuer.json"))).mode & 0o777).toBe(0o600);
});

test("starting many times at once makes one key", async () => {
  const folder = join(directory, "new");
  const issuers = await Promise.all(Array.from({ length: 8 }, () => localIssuer(folder)));
  expect(new Set(issuers.map(({ key }) => key.kid)).size).toBe(1);
  expect(await readdir(folder)).toEqual(["issuer.json"]);
});

test("a broken key file is named, and left as it is", async () => {
  const path = join(directory, "issuer.json");
  await writeFile(path, "{}");
  await expect(localIssuer(directory)).rejects.toThrow(path);
  expect(await readFile(path, "utf8")).toBe("{}");
});
