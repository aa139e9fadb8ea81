import { expect, test } from "@jest/globals";
import { timeOffViolations } from "./time-off.ts";

function messages(startTime: string, endTime: string): string[] {
  const period = { startTime: Temporal.Instant.from(startTime), endTime: Temporal.Instant.from(endTime) };
  return timeOffViolations(period).map(({ path, message }) => `${path} ${message}`);
}

test("time off ends after it starts", () => {
  expect(messages("2027-03-01T08:00:00Z", "2027-03-01T08:00:01Z")).toEqual([]);
  expect(messages("2027-03-01T08:00:00Z", "2027-03-01T08:00:00Z")).toEqual(["end_time must be after start_time"]);
  expect(messages("2027-03-01T08:00:00Z", "2027-02-28T08:00:00Z")).toEqual(["end_time must be after start_time"]);
});

test("time off lasts two years at most, leap days included", () => {
  expect(messages("2027-03-01T08:00:00Z", "2029-03-01T08:00:00Z")).toEqual([]);
  expect(messages("2027-03-01T08:00:00Z", "2029-03-01T08:00:00.000001Z")).toEqual([
    "end_time must be at most 2 years after start_time",
  ]);
});
