import type { FieldViolation } from "./errors.ts";

/** Control characters, ends of lines and paragraphs, and what turns the direction of all that follows. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;

/** Letters and pictures, with what belongs to them. */
const SHOWN = "[\\p{L}\\p{M}\\p{Extended_Pictographic}\\p{Emoji_Modifier}]";
/** Where spelling has it: joiners between two of them, and what chooses the shape of the one before it. */
const SPELLING = `(?<=${SHOWN})(?:[\\u200C\\u200D](?=${SHOWN})|\\p{Variation_Selector})`;
/** What nobody sees: U+200B, tags, the Hangul fillers, which count as letters. */
const UNSEEN = new RegExp(`(?!${SPELLING})\\p{Default_Ignorable_Code_Point}`, "u");

/** Valid in Protobuf, but Postgres keeps no such text. */
export function textViolations(path: string, text: string): FieldViolation[] {
  return text.includes("\0") ? [{ path, message: "must not contain U+0000" }] : [];
}

/** Of a name, which stands in one line between other text. */
export function lineViolations(path: string, name: string): FieldViolation[] {
  const [character] = UNPRINTABLE.exec(name) ?? UNSEEN.exec(name) ?? [];
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
