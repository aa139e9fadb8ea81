import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { expect, test } from "@jest/globals";
import { compilePrograms } from "./compiled.ts";

test("programs are compiled before they are started for the first time, and after a change, and no more after that", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cadre-compiled-"));
  try {
    const cache = join(folder, "cache");
    await compilePrograms(execPath, cache);
    const [version = ""] = await readdir(cache);
    expect((await readdir(join(cache, version))).length).toBeGreaterThan(100);
    const asked = join(folder, "asked");
    const node = join(folder, "node");
    await writeFile(node, `#!/bin/sh\necho "$1" >> ${asked}\n`, { mode: 0o755 });
    await compilePrograms(node, cache);
    await expect(access(asked)).rejects.toThrow("ENOENT");
    await writeFile(join(folder, "compiled-sources"), "what they were before");
    await compilePrograms(node, cache);
    expect((await readFile(asked, "utf8")).split("\n").sort()).toContain("services/booking/main.ts");
    await compilePrograms("/nowhere/node", join(folder, "other", "cache"));
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
