import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)/g;

const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0");
const readmes = files.filter((file) => /(^|\/)README\.md$/.test(file));

/** A file that a clone has, or a folder with such files. */
function isThere(path: string): boolean {
  return files.some((file) => file === path || file.startsWith(path.endsWith("/") ? path : `${path}/`));
}

test.each(readmes)("every link in %s leads to a file that a clone has", (readme) => {
  const links = [...readFileSync(join(ROOT, readme), "utf8").matchAll(LINK)].map(([, target = ""]) => target);
  const dead = links.filter((target) => !isThere(normalize(join(dirname(readme), target))));
  expect(dead).toEqual([]);
});
