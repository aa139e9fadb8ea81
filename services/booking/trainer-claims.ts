import { instantAt, type ToldClaim } from "./told-claims.ts";
import { HOUR_WORDS, HOURS_OF_WEEK, type Hours, touches } from "./week-hours.ts";

/** What a trainer's purchases claim of its time, as of one moment of the database. */
export interface TrainerClaims {
  /** Claims that were over by then are not among them, but for some that have changed. */
  sinceMs: number;
  count: number;
  /** For each claim the sixteen bytes of its purchase's id. */
  purchaseIds: Buffer;
  sessionCounts: Int32Array;
  /** The sum of them. */
  sessions: number;
  /** The most sessions within 25 hours, which no local day is longer than but where a clock skips more than an hour. */
  busiest: Int32Array;
  /** The sum of them. */
  sessionsADay: number;
  endMs: Float64Array;
  /** The first of them. */
  firstEndMs: number;
  /** The hours of the week: of all claims the first words, then the second ones. */
  hours: Uint32Array;
  /** For each claim, as far as it has been asked for: starts and ends in turn, in milliseconds, in their order. */
  times: (Float64Array | undefined)[];
}

const UUID_BYTES = 16;
/** The number of dimensions, flags and the type, then the one dimension's length and first index, at four bytes each. */
const EMPTY_ARRAY_BYTES = 12;
const ARRAY_HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
/** Before its bits, their number. */
const HOURS_BYTES = 4 + HOURS_OF_WEEK / 8;

/**
 * What read_availability tells of trainers, by their numbers, in hexadecimal digits: numbers and arrays as Postgres sends them,
 * in a row.
 */
export function readDiaries(hex: string, sinceMs: number): Map<number, TrainerClaims> {
  const bytes = Buffer.from(hex, "hex");
  const diaries = new Map<number, TrainerClaims>();
  let at = 0;
  while (at < bytes.length) {
    const number = bytes.readInt32BE(at);
    at += 4;
    // An empty array has no dimension.
    const count = bytes.readInt32BE(at) === 0 ? 0 : bytes.readInt32BE(at + EMPTY_ARRAY_BYTES);
    const claims = blankClaims(sinceMs, count);
    const each = (size: number, read: (index: number, at: number) => void): void => {
      at += count === 0 ? EMPTY_ARRAY_BYTES : ARRAY_HEADER_BYTES;
      for (let index = 0; index < count; index += 1) {
        read(index, at + LENGTH_BYTES);
        at += LENGTH_BYTES + size;
      }
    };
    each(UUID_BYTES, (index, at) => bytes.copy(claims.purchaseIds, index * UUID_BYTES, at, at + UUID_BYTES));
    each(4, (index, at) => (claims.sessionCounts[index] = bytes.readInt32BE(at)));
    each(4, (index, at) => (claims.busiest[index] = bytes.readInt32BE(at)));
    each(HOURS_BYTES, (index, at) => readHours(claims, index, bytes, at));
    each(8, (index, at) => (claims.endMs[index] = instantAt(bytes, at)));
    diaries.set(number, summedUp(claims));
  }
  return diaries;
}

/**
 * The claims with those that have changed as they are now, without those that are gone or were over by then. The times are
 * taken over of those that have some hours, for whom they have been asked for.
 */
export function withChanges(
  before: TrainerClaims,
  changes: readonly ToldClaim[],
  { sinceMs, timesOf }: { sinceMs: number; timesOf: Hours },
): TrainerClaims {
  const changed = new Set(changes.map(({ purchaseId }) => positionOf(before, purchaseId)));
  const kept: number[] = [];
  for (const [index, endMs] of before.endMs.entries()) if (endMs > sinceMs && !changed.has(index)) kept.push(index);
  const there = changes.filter(({ endMs }) => endMs !== null);
  const after = blankClaims(Math.max(before.sinceMs, sinceMs), kept.length + there.length);
  for (const [index, from] of kept.entries()) copyClaim(after, index, before, from);
  for (const [at, change] of there.entries()) {
    const index = kept.length + at;
    writeClaim(after, index, change);
    if (change.times && touches(timesOf, after.hours, after.count, index)) after.times[index] = change.times;
  }
  return summedUp(after);
}

/** The claims with the times of some of them; the others are left alone. */
export function withTimes(claims: TrainerClaims, told: readonly ToldClaim[]): TrainerClaims {
  const times = claims.times.slice();
  for (const { purchaseId, times: some } of told) {
    const position = positionOf(claims, purchaseId);
    // What is over is not among what has been read.
    if (position >= 0 && some) times[position] = some;
  }
  return { ...claims, times };
}

function blankClaims(sinceMs: number, count: number): TrainerClaims {
  return {
    sinceMs,
    count,
    purchaseIds: Buffer.alloc(count * UUID_BYTES),
    sessionCounts: new Int32Array(count),
    sessions: 0,
    busiest: new Int32Array(count),
    sessionsADay: 0,
    endMs: new Float64Array(count),
    firstEndMs: 0,
    hours: new Uint32Array(count * HOUR_WORDS),
    times: new Array<Float64Array | undefined>(count),
  };
}

function copyClaim(to: TrainerClaims, index: number, from: TrainerClaims, fromIndex: number): void {
  from.purchaseIds.copy(to.purchaseIds, index * UUID_BYTES, fromIndex * UUID_BYTES, (fromIndex + 1) * UUID_BYTES);
  to.sessionCounts[index] = from.sessionCounts[fromIndex] ?? 0;
  to.busiest[index] = from.busiest[fromIndex] ?? 0;
  to.endMs[index] = from.endMs[fromIndex] ?? 0;
  for (let word = 0; word < HOUR_WORDS; word += 1) {
    to.hours[word * to.count + index] = from.hours[word * from.count + fromIndex] ?? 0;
  }
  to.times[index] = from.times[fromIndex];
}

function writeClaim(to: TrainerClaims, index: number, claim: ToldClaim): void {
  claim.purchaseId.copy(to.purchaseIds, index * UUID_BYTES);
  to.sessionCounts[index] = claim.sessionCount ?? 0;
  to.busiest[index] = claim.busiest ?? 0;
  to.endMs[index] = claim.endMs ?? 0;
  if (claim.hours) readHours(to, index, claim.hours, 0);
}

function summedUp(claims: TrainerClaims): TrainerClaims {
  claims.sessions = sumOf(claims.sessionCounts);
  claims.sessionsADay = sumOf(claims.busiest);
  claims.firstEndMs = claims.endMs.reduce((first, end) => Math.min(first, end), Number.POSITIVE_INFINITY);
  return claims;
}

/** Which of the claims is the purchase's; -1 if none is. */
export function positionOf({ purchaseIds }: TrainerClaims, purchaseId: Uint8Array): number {
  let at = purchaseIds.indexOf(purchaseId);
  while (at % UUID_BYTES > 0) at = purchaseIds.indexOf(purchaseId, at + 1);
  return Math.floor(at / UUID_BYTES);
}

/** The bytes of the id of a claim's purchase. */
export function purchaseIdAt({ purchaseIds }: TrainerClaims, index: number): Uint8Array {
  return purchaseIds.subarray(index * UUID_BYTES, (index + 1) * UUID_BYTES);
}

/** A bit string as Postgres sends it, whose last word has one byte. */
function readHours({ hours, count }: TrainerClaims, index: number, bytes: Buffer, at: number): void {
  for (let word = 0; word < HOUR_WORDS; word += 1) {
    const from = at + LENGTH_BYTES + 4 * word;
    hours[word * count + index] = word < HOUR_WORDS - 1 ? bytes.readUInt32BE(from) : bytes.readUInt8(from) << 24;
  }
}

function sumOf(numbers: Int32Array): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
