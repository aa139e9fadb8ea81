import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { expect, test } from "@jest/globals";
import { compilePrograms } from "./compiled.ts";

test("programs are compiled before they are started for the first time, and no more after that", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cadre-compiled-"));
  try {
    const cache = join(folder, "cache");
    await compilePrograms(execPath, cache);
    const [version = ""] = await readdir(cache);
    expect((await readdir(join(cache, version))).length).toBeGreaterThan(100);
    await compilePrograms("/nowhere/node", cache);
    await compilePrograms("/nowhere/node", join(folder, "other"));
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
