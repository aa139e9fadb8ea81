import fc from "fast-check";
import type { DayOfWeek } from "../../../gen/google/type/dayofweek_pb.ts";
import type { ModelPattern } from "./model.ts";

/** On the Azores midnight comes twice when the clocks go back. */
const ZONES = ["Europe/Berlin", "Europe/London", "Atlantic/Azores", "Asia/Kathmandu", "America/New_York"];
/** Around the nights in which Europe's clocks go forward and back. */
const FIRST_DAYS = ["2030-03-26", "2030-10-22"];
const DAYS = 9;

export type DrawnWorld = typeof drawnWorld extends fc.Arbitrary<infer W> ? W : never;
export type DrawnTrainer = DrawnWorld["trainers"][number];
export type DrawnWish = DrawnWorld["wishes"][number];

const quarter = (from: number, until: number) =>
  fc.integer({ min: from * 4, max: until * 4 - 1 }).map((n) => `${two(Math.floor(n / 4))}:${two((n % 4) * 15)}`);
const startTime = fc.oneof(
  { weight: 4, arbitrary: quarter(8, 17) },
  { weight: 4, arbitrary: quarter(10, 12) },
  { weight: 1, arbitrary: quarter(0, 4) },
);
const hours = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ startTime: "00:00", endTime: "24:00" }) },
  { weight: 2, arbitrary: fc.record({ startTime: quarter(5, 10), endTime: quarter(11, 20) }) },
  { weight: 1, arbitrary: fc.record({ startTime: quarter(18, 24), endTime: quarter(9, 14) }) },
);

/** A world in one of the weeks. */
export const drawnWorld = fc.constantFrom(...FIRST_DAYS).chain((firstDay) => {
  const day = fc
    .integer({ min: 0, max: DAYS })
    .map((days) => Temporal.PlainDate.from(firstDay).add({ days }).toString());
  const localStart = fc.tuple(day, startTime).map(([date, time]) => `${date}T${time}`);
  return fc.record({
    timeZone: fc.constantFrom(...ZONES),
    sessionMinutes: fc.constantFrom(30, 60, 90),
    sessionCount: fc.constantFrom(1, 2, 2, 3, 3, 5),
    trainers: fc.array(drawnTrainer(day, localStart), { minLength: 1, maxLength: 8 }),
    wishes: fc.array(drawnWish(day, localStart), { minLength: 4, maxLength: 12 }),
  });
});

function drawnTrainer(day: fc.Arbitrary<string>, localStart: fc.Arbitrary<string>) {
  return fc.record({
    operator: fc.constantFrom(0, 0, 0, 0, 1),
    active: fc.constantFrom(true, true, true, true, true, true, false),
    timeZone: fc.constantFrom(...ZONES),
    bearing: fc.integer({ min: 0, max: 359 }),
    meters: fc.integer({ min: 0, max: 12_000 }),
    travelRadiusMeters: fc.constantFrom(8000, 20_000, 20_000, 20_000, 20_000),
    bufferMinutes: fc.constantFrom(0, 0, 10, 30),
    dailySessionLimit: fc.integer({ min: 1, max: 3 }),
    hours: fc.array(hours, { minLength: 7, maxLength: 7 }),
    daysOff: fc.constantFrom<number[]>([], [], [], [6, 7], [3]),
    qualification: fc.oneof(
      { weight: 4, arbitrary: fc.constant({ fromDate: "2020-01-01", untilDate: null }) },
      { weight: 2, arbitrary: fc.record({ fromDate: fc.constant("2020-01-01"), untilDate: day }) },
      { weight: 2, arbitrary: fc.record({ fromDate: day, untilDate: fc.constant(null) }) },
    ),
    timeOff: fc.option(fc.tuple(localStart, fc.integer({ min: 1, max: 3000 })), { freq: 4 }),
  });
}

/** Times by a list, or by a weekly pattern. */
function drawnWish(day: fc.Arbitrary<string>, localStart: fc.Arbitrary<string>) {
  const times = fc.uniqueArray(localStart, { minLength: 5, maxLength: 5 });
  const weeklyTime = fc.record({ dayOfWeek: fc.constantFrom<DayOfWeek>(1, 2, 3, 4, 5, 6, 7), startTime });
  const pattern: fc.Arbitrary<ModelPattern> = fc.record({
    startDate: day,
    times: fc.uniqueArray(weeklyTime, {
      minLength: 1,
      maxLength: 4,
      selector: ({ dayOfWeek, startTime }) => `${dayOfWeek} ${startTime}`,
    }),
  });
  return fc.record({
    student: fc.integer({ min: 0, max: 1 }),
    operator: fc.constantFrom(0, 0, 0, 1),
    times: fc.oneof({ weight: 2, arbitrary: times }, { weight: 1, arbitrary: pattern }),
    takes: fc.constantFrom("moved", "split", "split", "any", "none"),
  });
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
