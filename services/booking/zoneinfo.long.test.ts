import { versions } from "node:process";
import { expect, test } from "@jest/globals";
import { timeZoneName } from "../runtime/time-zone.ts";
import { differences, machineZones } from "./testing/zoneinfo.ts";

/** Debian lists them beside the zones: a machine that was not told where it is, and this machine. */
const NO_ZONES = ["Factory", "localtime"];
const YEARS = Array.from({ length: 20 }, (_, index) => 2020 + index);

test("in every zone of the IANA's list, over twenty years, schedules are those of Python's zoneinfo", async () => {
  const { release, names } = await machineZones();
  const known = names.filter((name) => timeZoneName(name) !== null);
  console.info(
    `Time zone rules of Node: ${versions.tz}; Python computes by the same, its own are ${release}. ` +
      `${known.length} of the ${names.length} names of ${release} are known here.`,
  );
  expect(names.filter((name) => !known.includes(name) && !NO_ZONES.includes(name))).toEqual([]);
  expect(known.length).toBeGreaterThan(590);

  const { found, compared } = await differences(known, YEARS);
  console.info(`${compared} years and single times compared.`);
  expect(found).toEqual([]);
}, 1_800_000);
