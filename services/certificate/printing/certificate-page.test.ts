import { expect, test } from "@jest/globals";
import { pageWith } from "../testing/printed.ts";
import { duration, period } from "./certificate-page.ts";
import { said } from "./said.ts";

const day = (text: string) => Temporal.PlainDate.from(text);

test("dates are those of the zone, wherever the server stands", () => {
  const page = pageWith({
    timeZone: "Australia/Sydney",
    firstSessionTime: Temporal.Instant.from("2029-12-31T20:00:00Z"),
    issueTime: Temporal.Instant.from("2030-08-31T20:00:00Z"),
  });
  expect(page.effort).toBe("30 sessions  ·  22 hours and 30 minutes  ·  1 January to 23 July 2030");
  expect(page.issueDate).toEqual({ year: 2030, month: 9, day: 1 });
});

test("a certificate that does not know its zone says no place, and its dates in UTC", () => {
  const page = pageWith({ zoneName: "", timeZone: "", operatorName: "Cadre" });
  expect(page.taught.text).toBe("Taught by Cadre");
  expect(page.effort).toContain("31 December 2029 to 22 July 2030");
});

test("hours are said as people say them", () => {
  expect(duration(1350)).toBe("22 hours and 30 minutes");
  expect(duration(60)).toBe("1 hour");
  expect(duration(61)).toBe("1 hour and 1 minute");
  expect(duration(45)).toBe("45 minutes");
});

test("a period says no part of a date twice", () => {
  expect(period(day("2030-01-01"), day("2030-01-01"))).toBe("1 January 2030");
  expect(period(day("2030-01-01"), day("2030-07-23"))).toBe("1 January to 23 July 2030");
  expect(period(day("2029-11-01"), day("2030-07-23"))).toBe("1 November 2029 to 23 July 2030");
});

test("Han is drawn as in Japan for Japanese students and for names with kana, else as in China", () => {
  const first = (name: string, language: string) => said(name, language).fonts.find((font) => /JP|SC/.test(font));
  expect(first("直子", "ja")).toBe("Noto Sans JP");
  expect(first("直子", "ja-JP")).toBe("Noto Sans JP");
  expect(first("直み", "en")).toBe("Noto Sans JP");
  expect(first("直子", "zh-CN")).toBe("Noto Sans SC");
  expect(first("直子", "")).toBe("Noto Sans SC");
});

test("the letters of a name decide on its direction, not its student's language", () => {
  expect(said("محمد", "en")).toMatchObject({ rtl: true });
  expect(said("(محمد)", "en")).toMatchObject({ rtl: true });
  expect(said("Ada", "ar-EG")).toMatchObject({ text: "Ada", lang: "ar", rtl: false });
  expect(said("Ada", "")).toMatchObject({ lang: "en" });
  expect(said("Ада", "sr-Latn")).toMatchObject({ lang: "sr" });
});
