import { expect, test } from "@jest/globals";
import { qualificationViolations } from "./qualification.ts";

const courseId = "0a000000-0000-7000-8000-000000000001";

function paths(fromDate: string, untilDate: string | null): string[] {
  return qualificationViolations({ courseId, fromDate, untilDate }).map(({ path }) => path);
}

test("a qualification may be open, or last a single day", () => {
  expect(paths("2026-01-31", null)).toEqual([]);
  expect(paths("2026-01-31", "2026-01-31")).toEqual([]);
});

test("a qualification does not end before it starts", () => {
  expect(paths("2026-02-01", "2026-01-31")).toEqual(["until_date"]);
});

test.each(["2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01"])("%s is no date", (date) => {
  expect(paths(date, date)).toEqual(["from_date", "until_date"]);
});

test("the 29th of February is a date in leap years", () => {
  expect(paths("2028-02-29", null)).toEqual([]);
});
