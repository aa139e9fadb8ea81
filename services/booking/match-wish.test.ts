import { expect, test } from "@jest/globals";
import type { Candidate } from "./candidate.ts";
import type { Wish } from "./eligibility.ts";
import { matchWish } from "./match-wish.ts";

const wish: Wish = {
  courseId: "swimming",
  operatorId: "operator",
  location: { latitude: 52.5, longitude: 13.4 },
  slots: ["2030-01-07T10:00", "2030-02-04T10:00"].map((text, index) => {
    const localStartTime = Temporal.PlainDateTime.from(text);
    const startTime = localStartTime.toZonedDateTime("Europe/Berlin").toInstant();
    return { sequence: index + 1, startTime, endTime: startTime.add({ hours: 1 }), localStartTime };
  }),
};

function trainer(trainerId: string, facts: Partial<Candidate> = {}): Candidate {
  return {
    trainerId,
    version: 1,
    operatorId: "operator",
    name: "Ada",
    active: true,
    timeZone: "Europe/Berlin",
    base: { latitude: 52.5, longitude: 13.4 },
    travelRadiusMeters: 10_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: [],
    qualifications: [{ courseId: "swimming", fromDate: "2029-01-01", untilDate: null }],
    timeOff: [],
    ...facts,
  };
}

test("each condition is counted among those whom the one before left over", () => {
  const until = { courseId: "swimming", fromDate: "2029-01-01", untilDate: "2030-02-03" };
  const found = matchWish(wish, [
    trainer("suspended", { active: false }),
    trainer("elsewhere", { operatorId: "other" }),
    trainer("teaches rowing", { qualifications: [{ courseId: "rowing", fromDate: "2029-01-01", untilDate: null }] }),
    trainer("qualified until the day before", { qualifications: [until] }),
    trainer("far", { base: { latitude: 48, longitude: 11 } }),
    trainer("fits"),
    trainer("fits to the last day", { qualifications: [{ ...until, untilDate: "2030-02-04" }] }),
  ]);
  expect(found).toMatchObject({ sameOperator: 4, qualifiedOnEveryDate: 3, reachPoint: 2 });
  expect(found.candidates.map(({ trainerId }) => trainerId)).toEqual(["fits", "fits to the last day"]);
});
