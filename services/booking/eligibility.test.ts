import { expect, test } from "@jest/globals";
import type { Candidate } from "./candidate.ts";
import { judge, type Wish } from "./eligibility.ts";
import type { Slot } from "./slot.ts";

const COURSE = "course";

function slots(timeZone: string, ...starts: string[]): Slot[] {
  return starts.map((text, index) => {
    const localStartTime = Temporal.PlainDateTime.from(text);
    const startTime = localStartTime.toZonedDateTime(timeZone).toInstant();
    return { sequence: index + 1, startTime, endTime: startTime.add({ minutes: 60 }), localStartTime };
  });
}

function wish(...starts: string[]): Wish {
  return {
    courseId: COURSE,
    operatorId: "operator",
    location: { latitude: 52.5, longitude: 13.4 },
    slots: slots("Europe/Berlin", ...starts),
  };
}

/** Works Mondays from 9 to 12 and from 12 to 17, Berlin time. */
function trainer(facts: Partial<Candidate> = {}): Candidate {
  return {
    trainerId: "trainer",
    version: 1,
    operatorId: "operator",
    name: "Ada",
    active: true,
    timeZone: "Europe/Berlin",
    base: { latitude: 52.5, longitude: 13.4 },
    travelRadiusMeters: 10_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: [
      { dayOfWeek: 1, startMinute: 12 * 60, endMinute: 17 * 60 },
      { dayOfWeek: 1, startMinute: 9 * 60, endMinute: 12 * 60 },
    ],
    qualifications: [{ courseId: COURSE, fromDate: "2030-01-01", untilDate: null }],
    timeOff: [],
    ...facts,
  };
}

test("who fits is not removed", () => {
  expect(judge(wish("2030-01-07T09:00", "2030-01-14T16:00"))(trainer())).toBeNull();
});

test("a lesson may lie across two ranges that touch, but not reach beyond them", () => {
  expect(judge(wish("2030-01-07T11:30"))(trainer())).toBeNull();
  expect(judge(wish("2030-01-07T08:59"))(trainer())).toEqual({
    reason: "outside_working_hours",
    clashingSessionCount: 1,
  });
  expect(judge(wish("2030-01-07T16:01"))(trainer())).toMatchObject({ reason: "outside_working_hours" });
});

test("working hours across midnight count on both days, from Sunday into Monday too", () => {
  const night = trainer({ workingHours: [{ dayOfWeek: 7, startMinute: 22 * 60, endMinute: 26 * 60 }] });
  expect(judge(wish("2030-01-06T23:30"))(night)).toBeNull();
  expect(judge(wish("2030-01-07T01:00"))(night)).toBeNull();
  expect(judge(wish("2030-01-07T01:01"))(night)).toMatchObject({ reason: "outside_working_hours" });
});

test("working hours are read in the trainer's own time zone", () => {
  const london = trainer({ timeZone: "Europe/London" });
  expect(judge(wish("2030-01-07T10:00"))(london)).toBeNull();
  expect(judge(wish("2030-01-07T09:30"))(london)).toMatchObject({ reason: "outside_working_hours" });
});

test("a qualification counts by each lesson's date in the zone, both ends inclusive", () => {
  const until = (untilDate: string) =>
    trainer({ qualifications: [{ courseId: COURSE, fromDate: "2030-01-07", untilDate }] });
  const seventeenWeeks = wish("2030-01-07T10:00", "2030-04-29T10:00", "2030-05-06T10:00");
  expect(judge(seventeenWeeks)(until("2030-05-06"))).toBeNull();
  expect(judge(seventeenWeeks)(until("2030-05-05"))).toEqual({ reason: "not_qualified", clashingSessionCount: 1 });
  expect(judge(wish("2029-12-31T10:00"))(until("2030-05-06"))).toMatchObject({ reason: "not_qualified" });
  const other = trainer({ qualifications: [{ courseId: "other", fromDate: "2000-01-01", untilDate: null }] });
  expect(judge(seventeenWeeks)(other)).toEqual({ reason: "not_qualified", clashingSessionCount: 3 });
});

test("time off removes whom it touches, and not whom it borders", () => {
  const off = (startTime: string, endTime: string) =>
    trainer({ timeOff: [{ startTime: Temporal.Instant.from(startTime), endTime: Temporal.Instant.from(endTime) }] });
  const tenToEleven = wish("2030-01-07T10:00");
  expect(judge(tenToEleven)(off("2030-01-07T09:59:00Z", "2030-01-08T00:00:00Z"))).toMatchObject({
    reason: "on_time_off",
  });
  expect(judge(tenToEleven)(off("2030-01-07T10:00:00Z", "2030-01-08T00:00:00Z"))).toBeNull();
  expect(judge(tenToEleven)(off("2030-01-01T00:00:00Z", "2030-01-07T09:00:00Z"))).toBeNull();
});

test("a place at exactly the travel radius is reached", () => {
  const north = { latitude: 52.6, longitude: 13.4 };
  const meters = 11_119.508; // a tenth of a degree of the mean earth's meridian
  const reach = (travelRadiusMeters: number) => trainer({ base: north, travelRadiusMeters });
  expect(judge(wish("2030-01-07T10:00"))(reach(meters))).toBeNull();
  expect(judge(wish("2030-01-07T10:00"))(reach(meters - 0.001))).toMatchObject({ reason: "too_far" });
});

test("a schedule that leaves the trainer no buffer between two lessons does not fit", () => {
  const twoInARow = wish("2030-01-07T10:00", "2030-01-07T11:00");
  expect(judge(twoInARow)(trainer())).toEqual({ reason: "busy", clashingSessionCount: 1 });
  expect(judge(twoInARow)(trainer({ bufferMinutes: 0 }))).toBeNull();
});

test.each([
  ["suspended", { active: false }],
  ["with another operator", { operatorId: "other" }],
])("who is %s is removed", (_, facts) => {
  expect(judge(wish("2030-01-07T10:00"))(trainer(facts))).toEqual({ reason: "not_active", clashingSessionCount: 1 });
});

test("sessions at one time of the week all count, and dates in whichever order they come", () => {
  expect(judge(wish("2030-01-07T08:00", "2030-01-14T08:00", "2030-01-21T09:00"))(trainer())).toEqual({
    reason: "outside_working_hours",
    clashingSessionCount: 2,
  });
  const ends = trainer({ qualifications: [{ courseId: COURSE, fromDate: "2030-01-01", untilDate: "2030-01-14" }] });
  expect(judge(wish("2030-01-07T09:00", "2030-01-21T09:00", "2030-01-14T09:00"))(ends)).toEqual({
    reason: "not_qualified",
    clashingSessionCount: 1,
  });
});
