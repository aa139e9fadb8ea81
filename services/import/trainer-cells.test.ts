import { expect, test } from "@jest/globals";
import { named } from "./named.ts";
import { kilometresCell, qualificationsCell, statusCell, workingHoursCell } from "./trainer-cells.ts";

const courses = named("course", [
  { name: "Swimming from the start", id: "id-1" },
  { name: "Diving", id: "id-2" },
  { name: "DIVING", id: "id-3" },
  { name: "Yoga", id: "id-4" },
  { name: "yoga", id: "id-5" },
]);

test("working hours are days with ranges", () => {
  expect(workingHoursCell("Mon-Tue 9:00-12:00 13:00-17:30; Saturday 22:00 - 02:00")).toEqual({
    value: [
      { dayOfWeek: 1, startTime: "09:00", endTime: "12:00" },
      { dayOfWeek: 1, startTime: "13:00", endTime: "17:30" },
      { dayOfWeek: 2, startTime: "09:00", endTime: "12:00" },
      { dayOfWeek: 2, startTime: "13:00", endTime: "17:30" },
      { dayOfWeek: 6, startTime: "22:00", endTime: "02:00" },
    ],
  });
  expect(workingHoursCell("sun-mon 8:00-9:00")).toMatchObject({ value: [{ dayOfWeek: 7 }, { dayOfWeek: 1 }] });
  expect(workingHoursCell("")).toEqual({ value: [] });
});

test.each(["Monday", "Moo 9:00-10:00", "9:00-10:00", "Mon 9-10", "Mon-Xyz 9:00-10:00"])(
  "%s is no working hours",
  (text) => {
    expect(workingHoursCell(text)).toEqual({ fault: expect.stringContaining("is not like") });
  },
);

test("qualifications name courses, with or without an end", () => {
  expect(
    qualificationsCell("swimming from the start from 2026-01-01 until 2026-12-31; Diving from 2026-03-01", courses),
  ).toEqual({
    value: [
      { courseId: "id-1", fromDate: "2026-01-01", untilDate: "2026-12-31" },
      { courseId: "id-2", fromDate: "2026-03-01" },
    ],
  });
  expect(qualificationsCell("Rowing from 2026-03-01", courses)).toEqual({ fault: 'there is no course "Rowing"' });
  expect(qualificationsCell("Diving", courses)).toEqual({ fault: expect.stringContaining("is not like") });
});

test("of two names that differ in their letters alone, the one that is written is meant, and otherwise neither", () => {
  const meant = (name: string) => qualificationsCell(`${name} from 2026-03-01`, courses);
  expect(meant("DIVING")).toMatchObject({ value: [{ courseId: "id-3" }] });
  expect(meant("yoga")).toMatchObject({ value: [{ courseId: "id-5" }] });
  expect(meant("ID-4")).toMatchObject({ value: [{ courseId: "id-4" }] });
  expect(meant("YOGA")).toEqual({
    fault: '"YOGA" may be 2 of the courses: write the name in their letters, or give the id',
  });
});

test("a number may have a decimal comma", () => {
  expect(kilometresCell("12,5")).toEqual({ value: 12_500 });
  expect(kilometresCell("12.5 km")).toEqual({ fault: '"12.5 km" is not a number' });
  expect(kilometresCell("")).toEqual({ fault: "is empty" });
});

test("no status is none said", () => {
  expect(statusCell("")).toEqual({ value: undefined });
  expect(statusCell("Suspended")).toEqual({ value: 2 });
  expect(statusCell("ill")).toHaveProperty("fault");
});
