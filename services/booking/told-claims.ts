import { idsOf } from "./recorded-id.ts";

/** A claim as the type told_claim of 0110_changed_claims.sql has it. */
export interface ToldClaim {
  trainerId: string;
  /** Its sixteen bytes. */
  purchaseId: Buffer;
  /** This and the following are null of a claim that is gone, or of which only the times are told. */
  endMs: number | null;
  sessionCount: number | null;
  busiest: number | null;
  /** As Postgres sends bit(168). */
  hours: Buffer | null;
  /** Starts and ends in turn, in milliseconds, in their order. */
  times: Float64Array | null;
}

/** A field's type and length, at four bytes each; a record begins with the number of its fields. */
const FIELD_HEADER_BYTES = 8;
const RECORD_HEADER_BYTES = 4;
/** A range's length, its flags, and two instants with their lengths. */
const RANGE_BYTES = 4 + 1 + 2 * (4 + 8);
/** Where Postgres begins to count microseconds. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

/** Records as Postgres sends them, one behind the other, in hexadecimal digits. */
export function readToldClaims(hex: string): ToldClaim[] {
  const bytes = Buffer.from(hex, "hex");
  const claims: ToldClaim[] = [];
  let at = 0;
  const field = (): Buffer | null => {
    const from = at + FIELD_HEADER_BYTES;
    const length = bytes.readInt32BE(from - 4);
    at = from + Math.max(length, 0);
    return length < 0 ? null : bytes.subarray(from, at);
  };
  while (at < bytes.length) {
    at += RECORD_HEADER_BYTES;
    const [trainerId = ""] = idsOf(field() ?? Buffer.alloc(0));
    const purchaseId = field() ?? Buffer.alloc(0);
    const end = field();
    const sessionCount = field()?.readInt32BE() ?? null;
    const busiest = field()?.readInt32BE() ?? null;
    const hours = field();
    const times = field();
    claims.push({
      trainerId,
      purchaseId,
      endMs: end && instantAt(end, 0),
      sessionCount,
      busiest,
      hours,
      times: times && readTimes(times),
    });
  }
  return claims;
}

/** An instant as Postgres sends it, in milliseconds. */
export function instantAt(bytes: Buffer, at: number): number {
  return (bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)) / 1000 + EPOCH_MS;
}

/** Times as Postgres sends a multirange, whose ranges include their starts and not their ends. */
function readTimes(bytes: Buffer): Float64Array {
  const times = new Float64Array(bytes.readInt32BE(0) * 2);
  for (let index = 0; index < times.length; index += 2) {
    const at = 4 + (index / 2) * RANGE_BYTES;
    times[index] = instantAt(bytes, at + 9);
    times[index + 1] = instantAt(bytes, at + 21);
  }
  return times;
}
