import { create } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { ScheduleSchema } from "../../gen/cadre/booking/v1/schedule_pb.ts";
import { readSchedule } from "./read-schedule.ts";
import { expand, type Schedule } from "./schedule.ts";

const NOW = Temporal.Instant.from("2030-01-01T00:00:00Z");
const TERMS = { sessionCount: 4, sessionMinutes: 60 };

function weekly(startDate: string, ...times: [dayOfWeek: number, startTime: string][]): Schedule {
  return {
    kind: "weekly",
    startDate: Temporal.PlainDate.from(startDate),
    times: times.map(([dayOfWeek, startTime]) => ({ dayOfWeek, startTime: Temporal.PlainTime.from(startTime) })),
  };
}

function explicit(...times: string[]): Schedule {
  return { kind: "explicit", localStartTimes: times.map((time) => Temporal.PlainDateTime.from(time)) };
}

function startsOf(schedule: Schedule, timeZone: string, terms = TERMS): string[] {
  return expand(schedule, terms, timeZone, NOW).map(({ startTime }) => startTime.toString());
}

test("a weekly pattern begins at the first of its days on or after the start", () => {
  expect(startsOf(weekly("2030-01-09", [1, "09:00"], [3, "17:30"]), "UTC")).toEqual([
    "2030-01-09T17:30:00Z",
    "2030-01-14T09:00:00Z",
    "2030-01-16T17:30:00Z",
    "2030-01-21T09:00:00Z",
  ]);
});

test("several times of one day come in their order", () => {
  expect(startsOf(weekly("2030-01-07", [1, "17:00"], [1, "09:00"]), "UTC").slice(0, 2)).toEqual([
    "2030-01-07T09:00:00Z",
    "2030-01-07T17:00:00Z",
  ]);
});

test("the local time stays when the clocks change, in the north and in the south", () => {
  expect(startsOf(weekly("2030-03-24", [7, "10:00"]), "Europe/Berlin")).toEqual([
    "2030-03-24T09:00:00Z",
    "2030-03-31T08:00:00Z",
    "2030-04-07T08:00:00Z",
    "2030-04-14T08:00:00Z",
  ]);
  expect(startsOf(weekly("2030-03-31", [7, "10:00"]), "Australia/Lord_Howe")).toEqual([
    "2030-03-30T23:00:00Z",
    "2030-04-06T23:30:00Z",
    "2030-04-13T23:30:00Z",
    "2030-04-20T23:30:00Z",
  ]);
});

test("a local time that exists twice means the first", () => {
  const [start] = startsOf(explicit("2030-10-27T02:30"), "Europe/Berlin", { sessionCount: 1, sessionMinutes: 60 });
  expect(start).toBe("2030-10-27T00:30:00Z");
});

test("a local time that the clocks skip is refused with the time", () => {
  const wish = () => expand(weekly("2030-03-24", [7, "02:30"]), TERMS, "Europe/Berlin", NOW);
  expect(wish).toThrow(
    expect.objectContaining({
      reason: "LOCAL_TIME_DOES_NOT_EXIST",
      extras: { metadata: { local_start_time: "2030-03-31T02:30" } },
    }),
  );
});

test("a day that a zone left out is no day", () => {
  const schedule = explicit("2011-12-30T10:00");
  const long = Temporal.Instant.from("2011-12-01T00:00:00Z");
  expect(() => expand(schedule, { sessionCount: 1, sessionMinutes: 60 }, "Pacific/Apia", long)).toThrow(
    expect.objectContaining({ reason: "LOCAL_TIME_DOES_NOT_EXIST" }),
  );
});

test("an explicit list comes in any order and is numbered by start", () => {
  const slots = expand(explicit("2030-02-02T10:00", "2030-02-01T10:00"), { ...TERMS, sessionCount: 2 }, "UTC", NOW);
  expect(slots.map(({ sequence, localStartTime }) => [sequence, localStartTime.toString()])).toEqual([
    [1, "2030-02-01T10:00:00"],
    [2, "2030-02-02T10:00:00"],
  ]);
});

test.each([
  ["the same time twice", explicit("2030-02-01T10:00", "2030-02-01T10:00"), "SESSIONS_OVERLAP"],
  ["one before the other ends", explicit("2030-02-01T10:00", "2030-02-01T10:59"), "SESSIONS_OVERLAP"],
  ["too few", explicit("2030-02-01T10:00"), "SESSION_COUNT_MISMATCH"],
  ["the past", explicit("2029-12-31T23:59", "2030-02-01T10:00"), "SCHEDULE_IN_PAST"],
  ["beyond two years", explicit("2030-02-01T10:00", "2032-01-01T00:01"), "SCHEDULE_TOO_FAR_AHEAD"],
  ["a weekly pattern that starts in the past", weekly("2029-12-24", [1, "09:00"]), "SCHEDULE_IN_PAST"],
  ["a weekly pattern that starts beyond", weekly("2033-01-03", [1, "09:00"]), "SCHEDULE_TOO_FAR_AHEAD"],
])("%s is refused", (_, schedule, reason) => {
  expect(() => expand(schedule, { sessionCount: 2, sessionMinutes: 60 }, "UTC", NOW)).toThrow(
    expect.objectContaining({ reason }),
  );
});

test("one lesson may follow another at once, and the horizon itself may be booked", () => {
  const terms = { sessionCount: 2, sessionMinutes: 60 };
  expect(startsOf(explicit("2030-02-01T10:00", "2030-02-01T11:00"), "UTC", terms)).toHaveLength(2);
  expect(startsOf(explicit("2030-01-01T00:00", "2032-01-01T00:00"), "UTC", terms)).toHaveLength(2);
});

test("a pattern of thirty sessions that would leave the two years is refused, whatever the zone", () => {
  const late = weekly("2031-12-20", [6, "09:00"]);
  expect(() => expand(late, { sessionCount: 30, sessionMinutes: 60 }, "Pacific/Kiritimati", NOW)).toThrow(
    expect.objectContaining({ reason: "SCHEDULE_TOO_FAR_AHEAD" }),
  );
});

test("a leap day is a day like any other, in a leap year alone", () => {
  const before = Temporal.Instant.from("2031-02-01T00:00:00Z");
  const starts = expand(weekly("2032-02-22", [7, "10:00"]), { ...TERMS, sessionCount: 3 }, "UTC", before);
  expect(starts.map(({ localStartTime }) => localStartTime.toPlainDate().toString())).toEqual([
    "2032-02-22",
    "2032-02-29",
    "2032-03-07",
  ]);
  expect(() => readSchedule(message("2031-02-29T10:00"))).toThrow(
    expect.objectContaining({
      extras: { violations: [expect.objectContaining({ path: "schedule.explicit.local_start_times[0]" })] },
    }),
  );
  expect(readSchedule(message("2032-02-29T10:00"))).toMatchObject({ kind: "explicit" });
});

test.each([
  ["Asia/Kathmandu", "2030-06-01T10:00", "2030-06-01T04:15:00Z"],
  ["Asia/Kolkata", "2030-06-01T10:00", "2030-06-01T04:30:00Z"],
  ["Australia/Eucla", "2030-06-01T10:00", "2030-06-01T01:15:00Z"],
  ["Pacific/Chatham", "2030-12-31T10:00", "2030-12-30T20:15:00Z"],
  ["Pacific/Chatham", "2030-07-01T10:00", "2030-06-30T21:15:00Z"],
  ["America/St_Johns", "2030-07-01T10:00", "2030-07-01T12:30:00Z"],
])("%s is reckoned with its own minutes: %s", (timeZone, local, instant) => {
  expect(startsOf(explicit(local), timeZone, { sessionCount: 1, sessionMinutes: 60 })).toEqual([instant]);
});

test("a series goes over a southern summer's New Year at its local time", () => {
  expect(startsOf(weekly("2030-12-25", [3, "17:30"]), "America/Santiago", { ...TERMS, sessionCount: 2 })).toEqual([
    "2030-12-25T20:30:00Z",
    "2031-01-01T20:30:00Z",
  ]);
});

function message(...localStartTimes: string[]) {
  return create(ScheduleSchema, { times: { case: "explicit", value: { localStartTimes } } });
}
