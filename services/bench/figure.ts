import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";

/** A measured figure with both sides. */
export interface Figure {
  figure: string;
  ours: number;
  /** Null where a figure stands alone. */
  theirs: number | null;
  unit: string;
  /** ours / theirs, the median of paired ones; without another side, ours. */
  ratio: number;
  /** What the ratio must reach. */
  must: number;
  holds: boolean;
  /** What was measured, in words. */
  note: string;
}

/** Prints every figure as one JSON line as soon as it is there, and keeps the run in results/. */
export async function record(
  { driver, machine, print }: { driver: string; machine: string; print: (line: string) => void },
  figures: (print: (line: string) => void) => AsyncIterable<Figure>,
): Promise<void> {
  const date = new Date().toISOString();
  const lines: Figure[] = [];
  const load = loadavg()
    .map((average) => average.toFixed(1))
    .join(" ");
  for await (const figure of figures((line) => print(`# ${line}`))) {
    lines.push(figure);
    print(JSON.stringify(figure));
  }
  const folder = fileURLToPath(new URL("./results/", import.meta.url));
  await mkdir(folder, { recursive: true });
  const result = { driver, date, machine, loadBefore: load, figures: lines };
  await writeFile(`${folder}${driver}-${date.replaceAll(/[:.]/g, "-")}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

/** Up to three digits that count. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}
