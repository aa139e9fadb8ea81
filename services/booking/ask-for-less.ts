import { isTooLarge } from "../runtime/message-limits.ts";

/** Asks for so many at once, and for a quarter of them whenever the answer would be too large. */
export async function askForLess<T>(most: number, ask: (most: number) => Promise<T>): Promise<T> {
  for (let some = most; ; some = Math.ceil(some / 4)) {
    try {
      return await ask(some);
    } catch (error) {
      if (!isTooLarge(error) || some <= 1) throw error;
    }
  }
}
