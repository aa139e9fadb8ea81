import { create } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { CourseSchema } from "../../gen/cadre/booking/v1/course_pb.ts";
import { StudentSchema } from "../../gen/cadre/booking/v1/student_pb.ts";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { randomOf } from "./random.ts";
import { describePattern, makeWish } from "./wish.ts";

const students = [create(StudentSchema, { name: "Lucía Rojas" })];
const short = create(CourseSchema, { name: "Front crawl", sessionCount: 20 });
const usual = create(CourseSchema, { name: "Everyday English", sessionCount: 30 });
const today = Temporal.PlainDate.from("2026-11-22");

test("a wish is for a course of thirty sessions, two or three times a week, in the weeks to come", () => {
  for (let run = 0; run < 50; run++) {
    const { course, pattern } = makeWish(students, [short, usual], today, randomOf(run, "wish"));
    expect(course).toBe(usual);
    expect([2, 3]).toContain(pattern.times?.length);
    expect(pattern.startDate && pattern.startDate > "2026-11-22" && pattern.startDate < "2026-12-20").toBe(true);
  }
});

test("a pattern reads as people say it", () => {
  const times = [DayOfWeek.MONDAY, DayOfWeek.THURSDAY].map((dayOfWeek) => ({ dayOfWeek, startTime: "17:00" }));
  expect(describePattern({ startDate: "2026-12-01", times })).toBe("Mon and Thu at 17:00");
});
