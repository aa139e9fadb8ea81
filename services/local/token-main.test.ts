import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cadre-token-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function printToken(folder: string) {
  const child = spawn(execPath, ["services/local/token-main.ts", "--role", "admin"], {
    cwd: ROOT,
    env: { PATH: env.PATH, HOME: env.HOME, CADRE_DIRECTORY: folder },
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, output, errors };
}

test("a token is all that is printed", async () => {
  const { code, output, errors } = await printToken(join(directory, "new"));
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(output).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
});

test("a damaged key is told in one sentence", async () => {
  const path = join(directory, "issuer.json");
  await writeFile(path, "{");
  expect(await printToken(directory)).toEqual({
    code: 1,
    output: "",
    errors: `${path} does not hold a development key. Delete it, and the next start makes a new one.\n`,
  });
});

test("a folder that is none is told in one sentence", async () => {
  const file = join(directory, "file");
  await writeFile(file, "");
  const { code, errors } = await printToken(file);
  expect({ code, errors }).toEqual({
    code: 1,
    errors: `${join(file, "issuer.json")} cannot be used: a part of that path is a file.\n`,
  });
  const unwritable = await printToken("/proc/cadre");
  expect(unwritable).toEqual({ code: 1, output: "", errors: "/proc/cadre cannot be used: it cannot be made there.\n" });
});
