import { median } from "./figure.ts";

export interface Paired {
  ours: number;
  theirs: number;
  ratio: number;
}

const ROUNDS = 7;

/**
 * Measures both sides in turn, each going first every other time, and compares only what was measured side by side:
 * whatever else the machine does then slows both. The medians of both sides, and of the ratios.
 */
export async function paired(ours: () => Promise<number>, theirs: () => Promise<number>): Promise<Paired> {
  const pairs: { ours: number; theirs: number }[] = [];
  await ours();
  await theirs();
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 2 === 0) {
      const first = await ours();
      pairs.push({ ours: first, theirs: await theirs() });
    } else {
      const first = await theirs();
      pairs.push({ theirs: first, ours: await ours() });
    }
  }
  return {
    ours: median(pairs.map((pair) => pair.ours)),
    theirs: median(pairs.map((pair) => pair.theirs)),
    ratio: median(pairs.map((pair) => pair.ours / pair.theirs)),
  };
}
