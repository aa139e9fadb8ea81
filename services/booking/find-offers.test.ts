import { expect, test } from "@jest/globals";
import type { Candidate } from "./candidate.ts";
import type { Lesson } from "./diary.ts";
import { findOffers } from "./find-offers.ts";
import type { Slot } from "./slot.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

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

/** What is offered when so many are taken nearly all the time, and after them comes one who is free but for the first Monday. */
function offersAfter(hopeless: number) {
  const candidates = Array.from({ length: hopeless + 1 }, (_, index) => trainer(String(index)));
  const refused = {
    wish: { courseId: "course", operatorId: "operator", location: { latitude: 52.5, longitude: 13.4 }, slots },
    timeZone: "Europe/Berlin",
    closures: [],
    now: Temporal.Instant.from("2030-01-01T00:00:00Z"),
  };
  const lessons = new Map(candidates.map(({ trainerId }) => [trainerId, busy()]));
  lessons.set(String(hopeless), busy().slice(7, 8));
  return findOffers(refused, candidates, { studentTimes: [], lessons });
}

test("a search for other times finds who can move", () => {
  expect(offersAfter(0)).toMatchObject([{ moves: [{ before: { sequence: 1 } }] }]);
});

test("a search for other times gives up after so many hopeless trainers: it blocks nobody for long", () => {
  expect(offersAfter(19)).toEqual([]);
});
