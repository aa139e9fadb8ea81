import { expect, test } from "@jest/globals";
import { timeZoneName } from "./time-zone.ts";

test("IANA names are known, in whatever case, and keep the name they were given", () => {
  expect(timeZoneName("Europe/Berlin")).toBe("Europe/Berlin");
  expect(timeZoneName("america/argentina/buenos_aires")).toBe("America/Argentina/Buenos_Aires");
  expect(timeZoneName("Asia/Kolkata")).toBe("Asia/Kolkata");
  expect(timeZoneName("UTC")).toBe("UTC");
});

test.each(["", "Europe/Atlantis", "+02:00", "-05", "CEST", "Europe/Berlin\0", "Europe/Berlin[x]", "2026-01-01T00:00Z"])(
  "%j is not a time zone",
  (name) => {
    expect(timeZoneName(name)).toBeNull();
  },
);
