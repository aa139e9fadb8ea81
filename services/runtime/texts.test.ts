import { expect, test } from "@jest/globals";
import { lineViolations, nameViolations, textViolations } from "./texts.ts";

test("any text can be kept but one with U+0000", () => {
  expect(textViolations("name", "")).toEqual([]);
  expect(textViolations("name", "Ω 🏊 \u0001\n")).toEqual([]);
  expect(textViolations("times[2].note", "a\0b")).toEqual([
    { path: "times[2].note", message: "must not contain U+0000" },
  ]);
});

test.each([
  ["a line feed", "Ada\nLovelace", "U+000A"],
  ["a tabulator", "Ada\tLovelace", "U+0009"],
  ["a C1 control", "Ada\u0085Lovelace", "U+0085"],
  ["a line separator", "Ada\u2028Lovelace", "U+2028"],
  ["a paragraph separator", "Ada\u2029Lovelace", "U+2029"],
  ["an embedding", "Ada\u202A", "U+202A"],
  ["an override", "\u202Eadiev", "U+202E"],
  ["an isolate", "Ada\u2066", "U+2066"],
  ["an isolate's end", "Ada\u2069", "U+2069"],
  ["U+0000", "a\0b", "U+0000"],
  ["nothing but a Hangul filler", "\u3164", "U+3164"],
  ["a Jamo filler", "\u115F\u1160", "U+115F"],
  ["a halfwidth filler", "\uFFA0", "U+FFA0"],
  ["a zero-width space", "Ada\u200BLovelace", "U+200B"],
  ["a word joiner", "Ada\u2060Lovelace", "U+2060"],
  ["a byte order mark", "\uFEFFAda", "U+FEFF"],
  ["tags", "Ada\u{E0041}", "U+E0041"],
  ["a joiner at its end", "Ada\u200D", "U+200D"],
  ["two joiners", "Ada\u200D\u200Dx", "U+200D"],
  ["a shape chosen for a space", "Ada \uFE0F", "U+FE0F"],
])("a name with %s is refused in plain words", (_, name, code) => {
  const message = `the display name must be one line of plain text: it must not contain ${code}`;
  expect(nameViolations("student.display_name", name)).toEqual([{ path: "student.display_name", message }]);
});

test.each(["", "12", " ", "🏊", "-'"])("a name without a letter is none: %j", (name) => {
  expect(nameViolations("name", name)).toEqual([{ path: "name", message: "the name must contain a letter" }]);
});

test.each([
  "Ada Lovelace",
  "X Æ A-12",
  "李小龙",
  "محمد عبد الله",
  "علی\u200Cرضا",
  "क्\u200Dष",
  "葛\u{E0100}城",
  "🏊🏽\u200D♀\uFE0F Ada",
  "O’Neill 3rd",
])("%s is a name", (name) => {
  expect(nameViolations("name", name)).toEqual([]);
});

test("a district may be a number, in one line", () => {
  expect(lineViolations("name", "75011")).toEqual([]);
  expect(lineViolations("name", "75011\u2028")).toHaveLength(1);
});
