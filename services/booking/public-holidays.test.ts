import { expect, test } from "@jest/globals";
import { closedOnHolidays } from "./public-holidays.ts";
import { expand, type WeeklyPattern } from "./schedule.ts";

const NOW = Temporal.Instant.from("2030-01-01T00:00:00Z");

interface Wish {
  place: [countryCode: string, regionCode: string];
  timeZone: string;
  startDate: string;
  dayOfWeek: number;
  startTime?: string;
  sessionCount?: number;
  skip?: boolean;
  now?: string;
}

async function datesOf(wish: Wish): Promise<string[]> {
  const { timeZone, startDate, dayOfWeek, startTime = "10:00", sessionCount = 3 } = wish;
  const [countryCode, regionCode] = wish.place;
  const schedule: WeeklyPattern = {
    kind: "weekly",
    startDate: Temporal.PlainDate.from(startDate),
    times: [{ dayOfWeek, startTime: Temporal.PlainTime.from(startTime) }],
    skipPublicHolidays: wish.skip ?? true,
  };
  const now = wish.now === undefined ? NOW : Temporal.Instant.from(wish.now);
  const closed = await closedOnHolidays(schedule, { countryCode, regionCode }, now);
  const slots = expand(closed, { sessionCount, sessionMinutes: 60 }, timeZone, now);
  return slots.map(({ localStartTime }) => localStartTime.toPlainDate().toString());
}

const berlin = { timeZone: "Europe/Berlin", place: ["DE", "DE-BE"] } satisfies Partial<Wish>;

test("a public holiday is no day of the series, which runs longer and never shorter", async () => {
  const easterMondays: Wish = { ...berlin, startDate: "2030-04-15", dayOfWeek: 1 };
  expect(await datesOf(easterMondays)).toEqual(["2030-04-15", "2030-04-29", "2030-05-06"]);
  expect(await datesOf({ ...easterMondays, skip: false })).toEqual(["2030-04-15", "2030-04-22", "2030-04-29"]);
});

test.each([
  ["of the region itself", ["DE", "DE-BE"], ["2030-03-01", "2030-03-15"]],
  ["of no other region", ["DE", "DE-BY"], ["2030-03-01", "2030-03-08"]],
  ["of the country, where no region is told", ["DE", ""], ["2030-03-01", "2030-03-08"]],
  ["of the country, where the region has none of its own", ["DE", "DE-XYZ"], ["2030-03-01", "2030-03-08"]],
])("the holidays are those %s", async (_, place, dates) => {
  const [countryCode = "", regionCode = ""] = place;
  const fridays: Wish = {
    ...berlin,
    startDate: "2030-03-01",
    dayOfWeek: 5,
    sessionCount: 2,
    place: [countryCode, regionCode],
  };
  expect(await datesOf(fridays)).toEqual(dates);
});

test("a southern year's end has its own holidays, on both sides of New Year", async () => {
  const auckland: Wish = {
    place: ["NZ", "NZ-AUK"],
    timeZone: "Pacific/Auckland",
    startDate: "2030-12-18",
    dayOfWeek: 3,
  };
  expect(await datesOf(auckland)).toEqual(["2030-12-18", "2031-01-08", "2031-01-15"]);
});

test("New Year's Day is a holiday also where two years ahead are already in the third", async () => {
  const auckland: Wish = {
    ...{ place: ["NZ", "NZ-AUK"], timeZone: "Pacific/Auckland", now: "2030-12-31T12:00:00Z" },
    ...{ startDate: "2032-12-25", dayOfWeek: 6, startTime: "00:30", sessionCount: 1 },
  };
  expect(await datesOf({ ...auckland, skip: false, sessionCount: 2 })).toEqual(["2032-12-25", "2033-01-01"]);
  await expect(datesOf(auckland)).rejects.toMatchObject({ reason: "SCHEDULE_TOO_FAR_AHEAD" });
});

test("a series that the holidays make longer than two years ahead is refused", async () => {
  const christmas: Wish = { ...berlin, startDate: "2031-12-18", dayOfWeek: 4, sessionCount: 2 };
  expect(await datesOf({ ...christmas, skip: false })).toEqual(["2031-12-18", "2031-12-25"]);
  await expect(datesOf(christmas)).rejects.toMatchObject({ reason: "SCHEDULE_TOO_FAR_AHEAD" });
});

test("a half holiday leaves the other half, by the lesson's own time", async () => {
  const reykjavik: Wish = { place: ["IS", ""], timeZone: "Atlantic/Reykjavik", startDate: "2030-12-24", dayOfWeek: 2 };
  const first = async (startTime: string) => (await datesOf({ ...reykjavik, startTime, sessionCount: 1 }))[0];
  expect(await first("12:00")).toBe("2030-12-24");
  expect(await first("12:30")).toBe("2031-01-07");
});

test("a holiday of several days closes each of them", async () => {
  const cairo: Wish = { place: ["EG", ""], timeZone: "Africa/Cairo", startDate: "2030-02-05", dayOfWeek: 2 };
  expect(await datesOf({ ...cairo, sessionCount: 1 })).toEqual(["2030-02-12"]);
});

test("a country whose holidays nobody knows is refused, unless they need not be skipped", async () => {
  const nowhere: Wish = { place: ["XX", ""], timeZone: "UTC", startDate: "2030-03-01", dayOfWeek: 5 };
  await expect(datesOf(nowhere)).rejects.toMatchObject({
    reason: "PUBLIC_HOLIDAYS_UNKNOWN",
    extras: { metadata: { country_code: "XX" } },
  });
  expect(await datesOf({ ...nowhere, skip: false })).toHaveLength(3);
});
