import { expect, test } from "@jest/globals";
import { dateViolations } from "./dates.ts";

test.each(["2026-01-31", "2028-02-29", "0001-01-01", "9999-12-31"])("%s is a date", (date) => {
  expect(dateViolations("from_date", date)).toEqual([]);
});

test.each(["2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01", "", "tomorrow"])("%j is no date", (date) => {
  expect(dateViolations("from_date", date)).toEqual([
    { path: "from_date", message: `${date} is not a date of the calendar` },
  ]);
});
