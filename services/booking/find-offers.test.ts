import { expect, test } from "@jest/globals";
import type { Candidate } from "./candidate.ts";
import type { Lesson } from "./diary.ts";
import { findOffers } from "./find-offers.ts";
import type { Slot } from "./schedule.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const MOST_MS = 100;

function trainer(trainerId: string): Candidate {
  return {
    trainerId,
    version: 1,
    operatorId: "operator",
    name: trainerId,
    active: true,
    timeZone: "Europe/Berlin",
    base: { latitude: 52.5, longitude: 13.4 },
    travelRadiusMeters: 10_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: [1, 2, 3, 4, 5, 6, 7].map((dayOfWeek) => ({ dayOfWeek, startMinute: 0, endMinute: 1440 })),
    qualifications: [{ courseId: "course", fromDate: "2020-01-01", untilDate: null }],
    timeOff: [],
  };
}

/** Every other Monday at eight. */
const slots = Array.from({ length: 50 }, (_, index): Slot => {
  const localStartTime = Temporal.PlainDateTime.from("2030-01-07T08:00").add({ weeks: 2 * index });
  const startTime = localStartTime.toZonedDateTime("Europe/Berlin").toInstant();
  return { sequence: index + 1, startTime, endTime: startTime.add({ minutes: 60 }), localStartTime };
});

/** Taken all the time, but for two hours at the end of the Sunday after each of those Mondays except the last. */
function busy(): Lesson[] {
  const first = Temporal.ZonedDateTime.from("2029-12-31T00:00[Europe/Berlin]");
  return Array.from({ length: 7 * 103 }, (_, day): Lesson => {
    const startMs = first.add({ days: day }).epochMilliseconds;
    const free = day % 14 === 13 && day < 7 * 99 ? 2 * 60 * 60 * 1000 : 0;
    return { startMs, endMs: startMs + DAY_MS - free, bufferMs: 0 };
  });
}

test("a search for other times that is hopeless blocks nobody for long", () => {
  const candidates = Array.from({ length: 20 }, (_, index) => trainer(String(index)));
  const refused = {
    wish: { courseId: "course", operatorId: "operator", location: { latitude: 52.5, longitude: 13.4 }, slots },
    timeZone: "Europe/Berlin",
    closures: [],
    now: Temporal.Instant.from("2030-01-01T00:00:00Z"),
  };
  const diaries = { studentTimes: [], lessons: new Map(candidates.map(({ trainerId }) => [trainerId, busy()])) };
  const times = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    expect(findOffers(refused, candidates, diaries)).toEqual([]);
    return process.cpuUsage(before).user / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(MOST_MS);
});
