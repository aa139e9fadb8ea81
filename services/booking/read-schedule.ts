import type { Schedule as ScheduleMessage } from "../../gen/cadre/booking/v1/schedule_pb.ts";
import { type FieldViolation, invalidFields } from "../runtime/errors.ts";
import type { Schedule } from "./schedule.ts";

/** Reads the schedule of a request. Refuses dates that are in no calendar, naming each field. */
export function readSchedule(message: ScheduleMessage | undefined): Schedule {
  const times = message?.times;
  const violations: FieldViolation[] = [];
  const read = <T>(path: string, text: string, parse: (text: string) => T): T | undefined => {
    try {
      return parse(text);
    } catch {
      violations.push({ path, message: `${text} is not a date of the calendar` });
      return undefined;
    }
  };

  if (times?.case === "weekly") {
    const startDate = read("schedule.weekly.start_date", times.value.startDate, Temporal.PlainDate.from);
    if (!startDate) throw invalidFields(violations);
    const weekly = times.value.times.map(({ dayOfWeek, startTime }) => ({
      dayOfWeek: dayOfWeek as number,
      startTime: Temporal.PlainTime.from(startTime),
    }));
    return { kind: "weekly", startDate, times: weekly, skipPublicHolidays: times.value.skipPublicHolidays };
  }

  if (times?.case === "explicit") {
    const localStartTimes = times.value.localStartTimes.map((text, index) =>
      read(`schedule.explicit.local_start_times[${index}]`, text, Temporal.PlainDateTime.from),
    );
    if (violations.length > 0) throw invalidFields(violations);
    return { kind: "explicit", localStartTimes: localStartTimes.filter((time) => time !== undefined) };
  }
  throw invalidFields([{ path: "schedule", message: "is required" }]);
}
