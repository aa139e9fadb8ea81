import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { instantOf, timestampOf, timestampViolations } from "./timestamps.ts";

function timestamp(seconds: bigint, nanos = 0) {
  return create(TimestampSchema, { seconds, nanos });
}

test("an instant before 1970 keeps its nanoseconds positive", () => {
  const instant = Temporal.Instant.from("1969-12-31T23:59:59.75Z");
  expect(timestampOf(instant)).toEqual({ seconds: -1n, nanos: 750_000_000 });
  expect(instantOf(timestamp(-1n, 750_000_000)).equals(instant)).toBe(true);
});

test("what the database cannot keep of an instant is cut off", () => {
  expect(instantOf(timestamp(0n, 1_999)).toString()).toBe("1970-01-01T00:00:00.000001Z");
});

test("only the years 1 to 9999 are timestamps", () => {
  const inside = [timestamp(-62_135_596_800n), timestamp(253_402_300_799n, 999_999_999)];
  const outside = [timestamp(-62_135_596_801n), timestamp(253_402_300_800n), timestamp(0n, -1), timestamp(0n, 1e9)];
  expect(inside.flatMap((value) => timestampViolations("start_time", value))).toEqual([]);
  expect(outside.flatMap((value) => timestampViolations("start_time", value))).toHaveLength(4);
});
