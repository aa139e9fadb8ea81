import { z } from "zod";
import { invalidFields } from "./errors.ts";

const INSTANT = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** A name as a key: the last one's as it was, whatever it is called by now. */
export const nameKey = z
  .string()
  .max(200)
  .refine((text) => !text.includes("\0"));

/** An instant as part of a key, as `Temporal.Instant` writes those that a Timestamp can hold: years 1 to 9999. */
export const instantKey = z
  .string()
  .regex(INSTANT)
  .transform((text, context) => {
    try {
      return Temporal.Instant.from(text);
    } catch {
      context.addIssue("is no instant");
      return z.NEVER;
    }
  });

/** Where the next page begins, or null for the first page. What is not a token of ours is refused. */
export function readPageToken<T>(token: string, schema: z.ZodType<T>): T | null {
  if (token === "") return null;
  const key = schema.safeParse(decode(token));
  if (!key.success) throw invalidFields([{ path: "page_token", message: "is not a token of this list" }]);
  return key.data;
}

/** The token for the page after the row with this key. Callers can read it: a key holds nothing secret. */
export function pageToken(key: unknown): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** One page out of rows that were queried with a limit of one more than its size. */
export function pageOf<T>(
  rows: readonly T[],
  size: number,
  keyOf: (row: T) => unknown,
): { rows: T[]; nextPageToken: string } {
  const page = rows.slice(0, size);
  const last = page.at(-1);
  return { rows: page, nextPageToken: last !== undefined && rows.length > size ? pageToken(keyOf(last)) : "" };
}

/** The size that was asked for; 0 leaves it to the server. */
export function pageSize(requested: number, fallback = 50): number {
  return requested > 0 ? requested : fallback;
}

function decode(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString());
  } catch {
    return undefined;
  }
}
