import { HOUR_WORDS, HOURS_OF_WEEK } from "./week-hours.ts";

/** What a trainer's purchases claim of its time, as of one moment of the database. */
export interface TrainerClaims {
  operatorId: string;
  /** Claims that were over by then are not among them. */
  sinceMs: number;
  /** From which transaction on a change of them would be news. */
  news: bigint;
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

/** What is told of a trainer, by its number among those asked about. */
export type Diary = { number: number } & Omit<TrainerClaims, "operatorId" | "sinceMs" | "news">;

const UUID_BYTES = 16;
/** The number of dimensions, flags and the type, then the one dimension's length and first index, at four bytes each. */
const EMPTY_ARRAY_BYTES = 12;
const ARRAY_HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
/** Before its bits, their number. */
const HOURS_BYTES = 4 + HOURS_OF_WEEK / 8;
/** A range's length, its flags, and two instants with their lengths. */
const RANGE_BYTES = 4 + 1 + 2 * (4 + 8);
/** Where Postgres begins to count microseconds. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

/** What read_availability tells of trainers, in hexadecimal digits: numbers and arrays as Postgres sends them, in a row. */
export function readDiaries(hex: string): Diary[] {
  const bytes = Buffer.from(hex, "hex");
  const diaries: Diary[] = [];
  let at = 0;
  while (at < bytes.length) {
    const number = bytes.readInt32BE(at);
    at += 4;
    // An empty array has no dimension.
    const count = bytes.readInt32BE(at) === 0 ? 0 : bytes.readInt32BE(at + EMPTY_ARRAY_BYTES);
    const diary: Diary = {
      number,
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
    const each = (size: number, read: (index: number, at: number) => void): void => {
      at += count === 0 ? EMPTY_ARRAY_BYTES : ARRAY_HEADER_BYTES;
      for (let index = 0; index < count; index += 1) {
        read(index, at + LENGTH_BYTES);
        at += LENGTH_BYTES + size;
      }
    };
    each(UUID_BYTES, (index, at) => bytes.copy(diary.purchaseIds, index * UUID_BYTES, at, at + UUID_BYTES));
    each(4, (index, at) => (diary.sessionCounts[index] = bytes.readInt32BE(at)));
    each(4, (index, at) => (diary.busiest[index] = bytes.readInt32BE(at)));
    each(HOURS_BYTES, (index, at) => {
      for (let word = 0; word < HOUR_WORDS; word += 1) diary.hours[word * count + index] = hoursAt(bytes, at + 4, word);
    });
    each(8, (index, at) => (diary.endMs[index] = instantAt(bytes, at)));
    diary.sessions = sumOf(diary.sessionCounts);
    diary.sessionsADay = sumOf(diary.busiest);
    diary.firstEndMs = diary.endMs.reduce((first, end) => Math.min(first, end), Number.POSITIVE_INFINITY);
    diaries.push(diary);
  }
  return diaries;
}

/** Times as Postgres sends a multirange, whose ranges include their starts and not their ends. */
export function readTimes(hex: string): Float64Array {
  const bytes = Buffer.from(hex, "hex");
  const times = new Float64Array(bytes.readInt32BE(0) * 2);
  for (let index = 0; index < times.length; index += 2) {
    const at = 4 + (index / 2) * RANGE_BYTES;
    times[index] = instantAt(bytes, at + 9);
    times[index + 1] = instantAt(bytes, at + 21);
  }
  return times;
}

/** Which claim is which purchase's, by its `purchaseIdAt`. */
export function positionsOf(claims: TrainerClaims): Map<string, number> {
  return new Map(Array.from({ length: claims.count }, (_, index) => [purchaseIdAt(claims, index), index]));
}

/** In hexadecimal digits. */
export function purchaseIdAt({ purchaseIds }: TrainerClaims, index: number): string {
  return purchaseIds.toString("hex", index * UUID_BYTES, (index + 1) * UUID_BYTES);
}

/** The last word has one byte. */
function hoursAt(bytes: Buffer, at: number, word: number): number {
  return word < HOUR_WORDS - 1 ? bytes.readUInt32BE(at + 4 * word) : bytes.readUInt8(at + 4 * word) << 24;
}

function sumOf(numbers: Int32Array): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function instantAt(bytes: Buffer, at: number): number {
  return (bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)) / 1000 + EPOCH_MS;
}
