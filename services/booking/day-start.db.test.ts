import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { sql } from "../runtime/database.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
});
afterAll(() => database.close());

/** Where the clocks change around midnight, or by more or less than an hour, and where they do not change. */
const ZONES = [
  "Atlantic/Azores",
  "America/Havana",
  "America/Scoresbysund",
  "Africa/Cairo",
  "Asia/Beirut",
  "Antarctica/Troll",
  "Australia/Lord_Howe",
  "America/New_York",
  "Asia/Kathmandu",
];

test.each(ZONES)("the database's days begin when Temporal's do: %s", async (zone) => {
  const row = z.object({ day: z.string(), start: z.number() });
  const days = await database.all.any(sql.type(row)`
    select day::text, extract(epoch from day_start(day, ${zone}))::float8 as start
    from (select date '2030-01-01' + n as day from generate_series(0, 729) as n) as days
  `);
  const theirs = days.map(({ day }) => {
    return { day, start: Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds / 1000 };
  });
  expect(days).toEqual(theirs);
});

test.each(ZONES)("what is looked at around a day holds all of it and an hour more at most: %s", async (zone) => {
  const row = z.object({ day: z.string() });
  const others = await database.all.any(sql.type(row)`
    select day::text
    from (select date '2030-01-01' + n / 8 as day, n % 8 as eighth from generate_series(0, 8 * 730 - 1) as n) as days
    cross join lateral (select day_start(day, ${zone}), day_start(day + 1, ${zone})) as own (first, next)
    cross join around_day(first + (next - first) * eighth / 8, ${zone}) as around
    where around.until_time - next not between interval '0' and interval '1 hour'
      or first - around.from_time not between interval '0' and interval '1 hour'
  `);
  expect(others).toEqual([]);
});
