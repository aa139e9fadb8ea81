import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Course } from "../../gen/cadre/booking/v1/course_pb.ts";
import type { WeeklyPatternSchema } from "../../gen/cadre/booking/v1/schedule_pb.ts";
import type { Student } from "../../gen/cadre/booking/v1/student_pb.ts";
import { DayOfWeek, DayOfWeekSchema } from "../../gen/google/type/dayofweek_pb.ts";
import type { Random } from "./random.ts";

/** What somebody would like to book. */
export interface Wish {
  student: Student;
  course: Course;
  pattern: MessageInitShape<typeof WeeklyPatternSchema>;
}

const SESSION_COUNT = 30;
/** Workdays wherever the company is. */
const DAYS = [DayOfWeek.MONDAY, DayOfWeek.TUESDAY, DayOfWeek.WEDNESDAY, DayOfWeek.THURSDAY];
const TIMES = ["15:30", "16:00", "16:30", "17:00", "17:30", "18:00"];

/** Two or three afternoons a week, soon. */
export function makeWish(students: Student[], courses: Course[], today: Temporal.PlainDate, random: Random): Wish {
  const startTime = random.pick(TIMES);
  const days = random.sample(DAYS, random.int(2, 3));
  return {
    student: random.pick(students),
    course: random.pick(courses.filter(({ sessionCount }) => sessionCount === SESSION_COUNT)),
    pattern: {
      startDate: today.add({ days: random.int(3, 21) }).toString(),
      times: days.map((dayOfWeek) => ({ dayOfWeek, startTime })),
    },
  };
}

/** "Mon and Wed at 17:00". */
export function describePattern({ times = [] }: Wish["pattern"]): string {
  const days = times.map(({ dayOfWeek = 0 }) => titleCase((DayOfWeekSchema.value[dayOfWeek]?.name ?? "").slice(0, 3)));
  return `${new Intl.ListFormat("en-GB").format(days)} at ${times[0]?.startTime}`;
}

function titleCase(word: string): string {
  return word.charAt(0) + word.slice(1).toLowerCase();
}
