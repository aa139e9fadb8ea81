import { expect, test } from "@jest/globals";
import { languageTag } from "./language.ts";

test("a language tag takes its usual spelling", () => {
  expect(languageTag("cs")).toBe("cs");
  expect(languageTag("pt-br")).toBe("pt-BR");
  expect(languageTag("ZH-hant-tw")).toBe("zh-Hant-TW");
});

test.each(["", "e", "en_US", "pt-", "not a language", "en\0"])("%j is no language tag", (text) => {
  expect(languageTag(text)).toBeNull();
});
