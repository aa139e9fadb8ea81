import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { LRUCache } from "lru-cache";
import { type Trainer, TrainerSchema, TrainerStatus } from "../../../gen/cadre/trainer/v1/trainer_pb.ts";
import type { DayOfWeek } from "../../../gen/google/type/dayofweek_pb.ts";
import { type TrainerCache, trainerCache } from "../../booking/trainer-cache.ts";
import { candidateFrom } from "../../booking/trainer-facts.ts";
import { type Figure, rounded } from "../figure.ts";
import { paired } from "../paired.ts";

const READS = 100_000;
const WARM = 10_000;
const MANY = 100_000;
const WEEK: DayOfWeek[] = [1, 2, 3, 4, 5, 6, 7];

/** A cached read in booking beside the bare lru-cache under it. */
export async function* cachedRead(): AsyncGenerator<Figure> {
  const cache = await filled(WARM);
  const ids = Array.from({ length: WARM }, (_, index) => idOf(index));
  const bare = new LRUCache<string, object>({ max: WARM });
  for (const id of ids) bare.set(id, {});

  const ours = (): Promise<number> => microsecondsEach((index) => cache.get(ids[index % WARM] ?? ""));
  const theirs = (): Promise<number> => microsecondsEach((index) => Promise.resolve(bare.get(ids[index % WARM] ?? "")));
  const measured = await paired(ours, theirs);
  yield {
    figure: "cached-read",
    ours: rounded(measured.ours),
    theirs: rounded(measured.theirs),
    unit: "µs/read",
    ratio: rounded(measured.ours),
    must: 5,
    holds: measured.ours < 5,
    note: `awaited, ${WARM} trainers in turn; theirs is a bare awaited lru-cache get; ratio is ours, in µs: ${rounded(measured.ratio)} times theirs`,
  };
}

/** What a hundred thousand trainers in the cache take of the heap. */
export async function* cacheMemory(): AsyncGenerator<Figure> {
  const collect = collector();
  const empty = heapMegabytes(collect);
  const cache = await filled(MANY);
  const megabytes = heapMegabytes(collect) - empty;
  yield {
    figure: "cache-memory",
    ours: rounded(megabytes),
    theirs: null,
    unit: "MB heap",
    ratio: rounded(megabytes),
    must: 200,
    holds: cache.size() === MANY && megabytes < 200,
    note: "seven working hours, three qualifications, one time off each; must is ours: none is set",
  };
}

async function microsecondsEach(read: (index: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let index = 0; index < READS; index += 1) await read(index);
  return ((performance.now() - start) * 1000) / READS;
}

async function filled(count: number): Promise<TrainerCache> {
  const load = (): Promise<never> => Promise.reject(new Error("everything is cached"));
  const cache = trainerCache({ load, nowMs: () => performance.now(), maxTrainers: count });
  cache.follow();
  for (let from = 0; from < count; from += 500) {
    const bulk = Array.from({ length: 500 }, (_, index) => candidateFrom(received(from + index)));
    await cache.keep(async () => bulk);
  }
  return cache;
}

/** A trainer as it comes off the wire: with strings of its own. */
export function received(index: number): Trainer {
  const facts: MessageInitShape<typeof TrainerSchema> = {
    trainerId: idOf(index),
    operatorId: idOf(index % 40),
    name: `Trainer ${index}`,
    status: TrainerStatus.ACTIVE,
    timeZone: "Europe/Berlin",
    base: { latitude: 52 + (index % 1000) / 1000, longitude: 13 },
    travelRadiusMeters: 10_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    version: 1n,
    etag: "1",
    workingHours: WEEK.map((dayOfWeek) => ({ dayOfWeek, startTime: "09:00", endTime: "17:30" })),
    qualifications: [0, 1, 2].map((course) => ({ courseId: idOf((index + course) % 50), fromDate: "2026-01-01" })),
    timeOff: [{ timeOffId: idOf(index), startTime: { seconds: 1_800_000_000n }, endTime: { seconds: 1_801_000_000n } }],
  };
  return fromBinary(TrainerSchema, toBinary(TrainerSchema, create(TrainerSchema, facts)));
}

function idOf(index: number): string {
  return `a0000000-0000-7000-8000-${String(index).padStart(12, "0")}`;
}

function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

function heapMegabytes(collect: () => void): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}
