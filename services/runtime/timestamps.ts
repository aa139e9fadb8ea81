import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { FieldViolation } from "./errors.ts";

const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_PER_MICRO = 1000;
const FIRST_SECOND = -62_135_596_800n; // 0001-01-01T00:00:00Z
const LAST_SECOND = 253_402_300_799n; // 9999-12-31T23:59:59Z

/** As Protobuf wants it: the nanoseconds are never negative. */
export function timestampOf(instant: Temporal.Instant): { seconds: bigint; nanos: number } {
  const seconds = BigInt(Math.floor(instant.epochMilliseconds / 1000));
  return { seconds, nanos: Number(instant.epochNanoseconds - seconds * NANOS_PER_SECOND) };
}

/** Cut to the microseconds that the database keeps. */
export function instantOf({ seconds, nanos }: Pick<Timestamp, "seconds" | "nanos">): Temporal.Instant {
  const micros = Math.floor(nanos / NANOS_PER_MICRO);
  return Temporal.Instant.fromEpochNanoseconds(seconds * NANOS_PER_SECOND + BigInt(micros * NANOS_PER_MICRO));
}

/** Neither Protobuf's decoder nor the field rules keep to the range that a Timestamp promises. */
export function timestampViolations(path: string, { seconds, nanos }: Timestamp): FieldViolation[] {
  const real = seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos < NANOS_PER_SECOND;
  return real ? [] : [{ path, message: "must lie in the years 1 to 9999" }];
}
