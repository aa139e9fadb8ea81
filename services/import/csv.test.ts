import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readHeader, readRows, TableError } from "./csv.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "table-"));
});

afterAll(() => rm(folder, { recursive: true }));

test("a row knows its line, past blank lines and cells of several lines", async () => {
  const path = await file('name,hours\nAda,"Mon\nTue"\n\nBob,Wed\n,\nCyd,Thu\n');
  expect(await Array.fromAsync(readRows(path))).toEqual([
    { line: 2, cells: { name: "Ada", hours: "Mon\nTue" } },
    { line: 5, cells: { name: "Bob", hours: "Wed" } },
    { line: 7, cells: { name: "Cyd", hours: "Thu" } },
  ]);
});

test("a spreadsheet's own way of saving is understood", async () => {
  const path = await file("\uFEFFName;Town\r\nŽofie; Brno \r\nEve\r\n");
  expect(await readHeader(path)).toEqual(["name", "town"]);
  expect((await Array.fromAsync(readRows(path))).map(({ cells }) => cells)).toEqual([
    { name: "Žofie", town: "Brno" },
    { name: "Eve", town: "" },
  ]);
});

test("what cannot be read as a table is told in one sentence", async () => {
  await expect(readHeader(await file(""))).rejects.toThrow(TableError);
  await expect(readHeader(await file("a,b,a\n"))).rejects.toThrow("The column a is there twice.");
  await expect(readHeader(await file(Buffer.from("name\nJos\xe9\n", "latin1")))).rejects.toThrow("is not in UTF-8");
  await expect(Array.fromAsync(readRows(await file('name\n"Ada\nBob\n')))).rejects.toThrow("is not CSV");
});

async function file(content: string | Buffer): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.csv`);
  await writeFile(path, content);
  return path;
}
