import { expect, test } from "@jest/globals";
import { textViolations } from "./texts.ts";

test("any text can be kept but one with U+0000", () => {
  expect(textViolations("name", "")).toEqual([]);
  expect(textViolations("name", "Ω 🏊 \u0001\n")).toEqual([]);
  expect(textViolations("times[2].note", "a\0b")).toEqual([
    { path: "times[2].note", message: "must not contain U+0000" },
  ]);
});
