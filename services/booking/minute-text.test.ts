import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { dateTextAt, minuteText } from "./minute-text.ts";

test("a minute is written as Temporal writes it", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e7, max: 1e8 }), (minute) => {
      const at = Temporal.Instant.fromEpochMilliseconds(minute * 60_000)
        .toZonedDateTimeISO("UTC")
        .toPlainDateTime();
      expect(minuteText(minute * 60_000)).toBe(at.toString());
      expect(dateTextAt(minute * 60_000)).toBe(at.toPlainDate().toString());
    }),
  );
});
