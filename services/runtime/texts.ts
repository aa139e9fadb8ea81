import type { FieldViolation } from "./errors.ts";

/** Control characters, ends of lines and paragraphs, and what turns the direction of all that follows. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;

/** Valid in Protobuf, but Postgres keeps no such text. */
export function textViolations(path: string, text: string): FieldViolation[] {
  return text.includes("\0") ? [{ path, message: "must not contain U+0000" }] : [];
}

/** Of a name, which stands in one line between other text. Joiners (U+200C, U+200D) belong to some scripts' spelling. */
export function lineViolations(path: string, name: string): FieldViolation[] {
  const [character] = UNPRINTABLE.exec(name) ?? [];
  if (character === undefined) return [];
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const message = `the ${spoken(path)} must be one line of plain text: it must not contain ${code}`;
  return [{ path, message }];
}

/** Of the name of somebody or something, which has at least one letter of some script. */
export function nameViolations(path: string, name: string): FieldViolation[] {
  const violations = lineViolations(path, name);
  if (violations.length > 0 || /\p{L}/u.test(name)) return violations;
  return [{ path, message: `the ${spoken(path)} must contain a letter` }];
}

/** The field as people call it: `items[2].display_name` is a display name. */
function spoken(path: string): string {
  return (path.split(".").at(-1) ?? path).replaceAll("_", " ");
}
