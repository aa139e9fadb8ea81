import { env } from "node:process";

/** Of a whole run, to try a driver with less. */
const SCALE = Number(env.BENCH_SCALE ?? 1);
/** The figures to take, such as "B3,B5"; without it, all. */
const ONLY = env.BENCH_ONLY?.split(",");

export function scaled(count: number, least: number): number {
  return Math.max(least, Math.round(count * SCALE));
}

export function wanted(...figures: string[]): boolean {
  return !ONLY || figures.some((figure) => ONLY.includes(figure));
}
