import { createHash } from "node:crypto";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Chance that can be repeated. */
export interface Random {
  /** A whole number, both ends included. */
  int(from: number, to: number): number;
  /** From 0 to 1. */
  fraction(): number;
  /** True that often, from 0 for never to 1 for always. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** As many different ones, in the order of `choices`. */
  sample<T>(choices: readonly T[], count: number): T[];
}

const FRACTION_STEPS = 1_000_000;

/** Each topic draws from its own sequence, so that one more draw in one place changes nothing in the others. */
export function randomOf(seed: number, topic: string): Random {
  const start = createHash("sha256").update(`${seed}/${topic}`).digest().readInt32BE(0);
  const generator = xoroshiro128plus(start);
  const int = (from: number, to: number) => uniformInt(generator, from, to);
  const fraction = () => int(0, FRACTION_STEPS) / FRACTION_STEPS;

  return {
    int,
    fraction,
    chance: (probability) => fraction() < probability,
    pick<T>(choices: readonly T[]): T {
      const choice = choices.at(int(0, choices.length - 1));
      if (choice === undefined) throw new Error("nothing to pick from");
      return choice;
    },
    sample(choices, count) {
      const order = choices.map((choice, index) => ({ choice, index, weight: fraction() }));
      order.sort((a, b) => a.weight - b.weight || a.index - b.index);
      return order
        .slice(0, count)
        .sort((a, b) => a.index - b.index)
        .map(({ choice }) => choice);
    },
  };
}
