import { expect, test } from "@jest/globals";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { workingHoursViolations } from "./working-hours.ts";

const { MONDAY, TUESDAY, SUNDAY } = DayOfWeek;

function paths(...ranges: [dayOfWeek: DayOfWeek, startTime: string, endTime: string][]): string[] {
  const hours = ranges.map(([dayOfWeek, startTime, endTime]) => ({ dayOfWeek, startTime, endTime }));
  return workingHoursViolations("working_hours", hours).map(({ path }) => path);
}

test("ranges that touch do not overlap", () => {
  expect(paths([MONDAY, "09:00", "12:00"], [MONDAY, "12:00", "18:00"], [MONDAY, "18:00", "24:00"])).toEqual([]);
});

test("the same hours on two weekdays do not overlap", () => {
  expect(paths([MONDAY, "09:00", "17:00"], [TUESDAY, "09:00", "17:00"])).toEqual([]);
});

test("every range that overlaps an earlier one is named", () => {
  expect(
    paths(
      [MONDAY, "09:00", "12:00"],
      [MONDAY, "11:59", "13:00"],
      [TUESDAY, "09:00", "12:00"],
      [MONDAY, "08:00", "20:00"],
    ),
  ).toEqual(["working_hours[1].start_time", "working_hours[3].start_time"]);
});

test("a range past midnight meets the next day's", () => {
  expect(paths([MONDAY, "22:00", "02:00"], [TUESDAY, "01:59", "05:00"])).toEqual(["working_hours[1].start_time"]);
  expect(paths([MONDAY, "22:00", "02:00"], [TUESDAY, "02:00", "05:00"])).toEqual([]);
});

test("Sunday's range past midnight meets Monday's, in whichever order they come", () => {
  expect(paths([SUNDAY, "22:00", "06:00"], [MONDAY, "05:00", "09:00"])).toEqual(["working_hours[1].start_time"]);
  expect(paths([MONDAY, "05:00", "09:00"], [SUNDAY, "22:00", "06:00"])).toEqual(["working_hours[1].start_time"]);
});

test("an end at the start is a full day", () => {
  expect(paths([MONDAY, "08:00", "08:00"], [TUESDAY, "07:00", "09:00"])).toEqual(["working_hours[1].start_time"]);
  expect(paths([MONDAY, "08:00", "08:00"], [TUESDAY, "08:00", "09:00"])).toEqual([]);
});
