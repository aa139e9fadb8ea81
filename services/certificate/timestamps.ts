import type { Timestamp } from "@bufbuild/protobuf/wkt";

const NANOS_PER_SECOND = 1_000_000_000n;

export function instantOf({ seconds, nanos }: Timestamp): Temporal.Instant {
  return Temporal.Instant.fromEpochNanoseconds(seconds * NANOS_PER_SECOND + BigInt(nanos));
}

export function timestampOf(instant: Temporal.Instant): { seconds: bigint; nanos: number } {
  const nanos = ((instant.epochNanoseconds % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  return { seconds: (instant.epochNanoseconds - nanos) / NANOS_PER_SECOND, nanos: Number(nanos) };
}
