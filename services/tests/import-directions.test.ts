import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOREIGN_CONTRACTS = ["gen/google", "gen/grpc", "gen/buf"];

/** What each part may import beside itself. Parts that are not named are services. */
const ALLOWED: Record<string, string[]> = {
  gen: [],
  "services/runtime": [...FOREIGN_CONTRACTS, "gen/cadre/policy"],
  "services/console": ["gen"],
  "services/local": ["gen", "services/runtime", "services/demo"],
  "services/demo": ["gen", "services/runtime", "services/local"],
  "services/import": ["gen", "services/runtime", "services/local", "services/demo"],
  "services/bench": [""],
  scripts: [""],
};
const SERVICE = ["gen", "services/runtime"];

const sources = new Map((await Promise.all(["gen", "services", "scripts"].map(readSources))).flat());
const imports = new Map([...sources].map(([file, text]) => [file, importsOf(file, text)]));

test("every part imports only what it may", () => {
  const wrong = [...imports].flatMap(([file, targets]) =>
    targets.filter((target) => !isAllowed(file, target)).map((target) => `${file} imports ${target}`),
  );
  expect(imports.size).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});

test("no file imports itself by way of others", () => {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(" → ")];
    if (done.has(file)) return [];
    const cycles = (imports.get(file) ?? []).flatMap((target) => visit(target, [...path, file]));
    done.add(file);
    return cycles;
  };
  expect([...imports.keys()].flatMap((file) => visit(file, []))).toEqual([]);
});

test("only programs touch the process", () => {
  const touching = [...sources].filter(([file, text]) => !mayTouchProcess(file) && touchesProcess(text));
  expect(touching.map(([file]) => file)).toEqual([]);
});

async function readSources(folder: string): Promise<[string, string][]> {
  const names = await readdir(join(ROOT, folder), { recursive: true });
  const files = names.filter((name) => /\.(ts|tsx|mjs)$/.test(name)).map((name) => join(folder, name));
  return Promise.all(files.map(async (file) => [file, await readFile(join(ROOT, file), "utf8")]));
}

/** Imports and re-exports, of types too, of files of ours, as paths from the root. */
function importsOf(file: string, text: string): string[] {
  const found = withoutComments(text).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g);
  return [...found].map(([, path = ""]) => relative(ROOT, join(ROOT, dirname(file), path)));
}

function isAllowed(file: string, target: string): boolean {
  if (isTest(file)) return true;
  if (isTest(target)) return false;
  const part = partOf(file);
  return [part, ...(ALLOWED[part] ?? SERVICE)].some((folder) => folder === "" || target.startsWith(`${folder}/`));
}

function partOf(file: string): string {
  const [top = "", second = ""] = file.split("/");
  return top === "services" ? `services/${second}` : top;
}

function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/testing\/|^services\/tests\//.test(file);
}

function mayTouchProcess(file: string): boolean {
  return isTest(file) || /^(gen|scripts|services\/bench)\/|\bmain\.ts$|\.mjs$/.test(file);
}

/** A function that is handed the process may use it; what the operating system says about it is not configuration. */
function touchesProcess(text: string): boolean {
  const code = withoutComments(text);
  const isHanded = /\bprocess: NodeJS\.Process\b/.test(code);
  return (
    (!isHanded && /(?<![.\w"])process\./.test(code)) || /import[^;]*\b(env|argv|exit)\b[^;]*"node:process"/.test(code)
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}
