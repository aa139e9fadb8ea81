/** In UTC from 1 January 1970 on, as Postgres' hours_of_week counts them: the first hour is the first bit. */
export const HOURS_OF_WEEK = 168;
/** Of 32 hours each; the last has eight. */
export const HOUR_WORDS = 6;

/** Some hours of the week: the words that are not zero. */
export type Hours = readonly { word: number; bits: number }[];

const HOUR_MS = 3_600_000;

/** The hours of the week that some times touch: two times can only overlap where these do. */
export function hoursOf(times: Iterable<readonly [startMs: number, endMs: number]>): Hours {
  const words = new Uint32Array(HOUR_WORDS);
  for (const [startMs, endMs] of times) {
    const first = Math.floor(startMs / HOUR_MS);
    const last = Math.min(Math.ceil(endMs / HOUR_MS), first + HOURS_OF_WEEK);
    for (let hour = first; hour < last; hour += 1) {
      const bit = ((hour % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK;
      words[bit >> 5] = (words[bit >> 5] ?? 0) | (1 << (31 - (bit & 31)));
    }
  }
  return Array.from(words, (bits, word) => ({ word, bits })).filter(({ bits }) => bits !== 0);
}

/** Which of `count` have one of the hours; of all of them the first words come first, then the second ones. */
export function touching(hours: Hours, many: Uint32Array, count: number): number[] {
  const found: number[] = [];
  for (const { word, bits } of hours) {
    const first = word * count;
    for (let index = 0; index < count; index += 1) {
      if (((many[first + index] ?? 0) & bits) === 0) continue;
      if (!found.includes(index)) found.push(index);
    }
  }
  return found;
}

/** Whether one of them has. */
export function touches(hours: Hours, many: Uint32Array, count: number, index: number): boolean {
  return hours.some(({ word, bits }) => ((many[word * count + index] ?? 0) & bits) !== 0);
}

/** As Postgres reads bit(168). */
export function bitsOf(hours: Hours): string {
  const words = Array.from({ length: HOUR_WORDS }, () => "0".repeat(32));
  for (const { word, bits } of hours) words[word] = bits.toString(2).padStart(32, "0");
  return words.join("").slice(0, HOURS_OF_WEEK);
}
