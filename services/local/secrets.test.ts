import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { deploySecrets } from "./deploy-secrets.ts";
import { deployVariables } from "./deploy-variables.ts";
import { claimFolder } from "./folder.ts";
import { localIssuer } from "./issuer.ts";
import { readSecrets } from "./secrets.ts";

const COMPOSE = new URL("../../deploy/compose.yaml", import.meta.url);

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cadre-secrets-"));
  path = join(directory, "secrets.json");
});
afterEach(() => rm(directory, { recursive: true }));

test("secrets are made once, and are their owner's alone", async () => {
  const first = await readSecrets(directory);
  expect(await readSecrets(directory)).toEqual(first);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["secrets.json"]);
});

test("a folder from before credentials were signed gets their key, once, and keeps all that it has", async () => {
  const { credentialKeys: _, ...older } = await readSecrets(directory);
  await writeFile(path, JSON.stringify(older), { mode: 0o600 });
  const upgraded = await readSecrets(directory);
  expect(upgraded).toMatchObject(older);
  expect(upgraded.credentialKeys).toHaveLength(1);
  expect(await readSecrets(directory)).toEqual(upgraded);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a file that holds something else is named, and left as it is", async () => {
  await writeFile(path, "{}");
  await expect(readSecrets(directory)).rejects.toThrow(path);
  expect(await readFile(path, "utf8")).toBe("{}");
});

test("the containers are told everything that their file asks for", async () => {
  const told = deployVariables(await readSecrets(directory), await localIssuer(directory));
  const asked = (await readFile(COMPOSE, "utf8")).matchAll(/\$\{(\w+):\?/g);
  const names = new Set(Array.from(asked, ([, name = ""]) => name));
  expect([...names].filter((name) => !told.get(name))).toEqual([]);
  expect([...told.values()].filter((value) => value.includes("'"))).toEqual([]);
});

test("no secrets are made for the containers while a start makes them", async () => {
  {
    await using _ = await claimFolder(directory);
    await expect(deploySecrets(directory)).rejects.toThrow("is running in");
    expect(await readdir(directory)).not.toContain("secrets.json");
  }
  const told = await deploySecrets(directory);
  expect(await deploySecrets(directory)).toEqual(told);
});
