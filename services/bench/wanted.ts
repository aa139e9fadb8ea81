import { env } from "node:process";

/** The figures to take, such as "B3,B5"; without it, all. */
const ONLY = env.BENCH_ONLY?.split(",");

/** Whether the run is to take one of these figures. */
export function wanted(...figures: string[]): boolean {
  return !ONLY || figures.some((figure) => ONLY.includes(figure));
}
