import { expect, test } from "@jest/globals";
import { differences } from "./testing/zoneinfo.ts";

/** Half and quarter hours, half an hour of summer time, summer time in the south, at midnight, and around Ramadan. */
const ZONES = [
  ...["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham"],
  ...["America/Santiago", "Asia/Beirut", "Africa/Casablanca", "America/St_Johns", "Antarctica/Troll"],
];

test("schedules are those of Python's zoneinfo, by the same rules", async () => {
  const { found, compared } = await differences(ZONES, [2029, 2030, 2031]);
  expect(found).toEqual([]);
  expect(compared).toBeGreaterThan(1000);
}, 60_000);
