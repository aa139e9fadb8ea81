import { beforeEach, expect, test } from "@jest/globals";
import { runInCall } from "../runtime/call-context.ts";
import type { Candidate } from "./candidate.ts";
import { FRESH_MS, STALE_MS, type TrainerCache, trainerCache } from "./trainer-cache.ts";

/** Bulk reads, each answered when the test says so. */
let reads: { trainerIds: string[]; answer: (...trainers: Candidate[]) => void; fail: () => void }[];
let nowMs: number;
let cache: TrainerCache;

beforeEach(() => {
  reads = [];
  nowMs = 1_000_000;
  cache = cacheOf(100);
});

function cacheOf(maxTrainers: number): TrainerCache {
  const load = (trainerIds: string[]): Promise<Candidate[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<Candidate[]>();
    const answer = (...trainers: Candidate[]): void => resolve(trainers);
    reads.push({ trainerIds, answer, fail: () => reject(new Error("down")) });
    return promise;
  };
  return trainerCache({ load, nowMs: () => nowMs, maxTrainers });
}

function trainer(trainerId: string, version = 1): Candidate {
  return {
    trainerId,
    version,
    operatorId: "operator",
    name: "Ada",
    active: true,
    timeZone: "Europe/Berlin",
    base: { latitude: 52.5, longitude: 13.4 },
    travelRadiusMeters: 10_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: [],
    qualifications: [],
    timeOff: [],
  };
}

/** The bulk reads that are under way after this turn of the event loop. */
async function begun() {
  await new Promise(setImmediate);
  return reads.map(({ trainerIds }) => trainerIds);
}

const known = (...trainers: Candidate[]) => cache.keep(async () => trainers);

test("single reads that come together become one bulk call, and one trainer is read once for all who want it", async () => {
  const wanted = ["a", "b", "a", "c", "a"].map((trainerId) => cache.get(trainerId));
  expect(await begun()).toEqual([["a", "b", "c"]]);
  const late = cache.get("b");
  reads[0]?.answer(trainer("a"), trainer("b"));
  expect((await Promise.all(wanted)).map((one) => one?.candidate.trainerId)).toEqual(["a", "b", "a", undefined, "a"]);
  expect((await late)?.candidate.trainerId).toBe("b");
  expect(await begun()).toHaveLength(1);
});

test("more than five hundred are asked for in calls of five hundred", async () => {
  const wanted = Array.from({ length: 1100 }, (_, index) => cache.get(String(index)));
  expect((await begun()).map(({ length }) => length)).toEqual([500, 500, 100]);
  for (const { answer, trainerIds } of reads) answer(...trainerIds.map((trainerId) => trainer(trainerId)));
  await Promise.all(wanted);
});

test("what is known is answered without a call; stale, while it is read anew; too old, after it was", async () => {
  await known(trainer("a"));
  expect(await cache.get("a")).toMatchObject({ ageMs: 0 });
  expect(await begun()).toEqual([]);

  nowMs += FRESH_MS + 1;
  expect(await cache.get("a")).toMatchObject({ ageMs: FRESH_MS + 1, candidate: { version: 1 } });
  expect(await begun()).toEqual([["a"]]);
  reads[0]?.answer(trainer("a", 2));
  await begun();
  expect(await cache.get("a")).toMatchObject({ ageMs: 0, candidate: { version: 2 } });

  nowMs += STALE_MS + 1;
  const waiting = cache.get("a");
  expect(await begun()).toHaveLength(2);
  reads[1]?.answer(trainer("a", 3));
  expect(await waiting).toMatchObject({ ageMs: 0, candidate: { version: 3 } });
  expect(cache.counts).toMatchObject({ hits: 2, stale: 1, misses: 1 });
});

test("a refresh that fails leaves what is known, at its age", async () => {
  await known(trainer("a"));
  nowMs += FRESH_MS + 1;
  await cache.get("a");
  await begun();
  reads[0]?.fail();
  await begun();
  expect(cache.peek("a")).toMatchObject({ ageMs: FRESH_MS + 1 });
});

test("what is followed does not age while it is heard that nothing changed; what is not, does", async () => {
  await known(trainer("before"));
  nowMs += 10;
  cache.follow();
  await known(trainer("after"));
  nowMs += STALE_MS;
  cache.heard();
  nowMs += 7;
  expect(cache.peek("after")).toMatchObject({ ageMs: 7 });
  expect(cache.peek("before")).toMatchObject({ ageMs: STALE_MS + 17 });
});

test("a trainer who changes while it is read goes to those who asked before, and is not kept", async () => {
  const asked = cache.get("a");
  const searched = cache.keep(async () => {
    const one = await cache.get("b");
    return one ? [one.candidate] : [];
  });
  await begun();
  cache.drop(["a", "b"]);
  reads[0]?.answer(trainer("a"), trainer("b"));
  expect((await asked)?.candidate.version).toBe(1);
  expect(await searched).toHaveLength(1);
  expect(cache.peek("a")).toBeUndefined();
  expect(cache.peek("b")).toBeUndefined();
});

test("an older answer that comes late does not replace a newer one", async () => {
  await known(trainer("a", 2));
  await known(trainer("a", 1));
  expect(cache.peek("a")).toMatchObject({ candidate: { version: 2 } });
});

test("memory is bounded: the trainers not asked for the longest go first", async () => {
  cache = cacheOf(2);
  await known(trainer("a"), trainer("b"));
  cache.peek("a");
  await known(trainer("c"));
  expect(cache.size()).toBe(2);
  expect(cache.peek("b")).toBeUndefined();
});

test("who started the shared read may leave; the others get their answer", async () => {
  const leaving = new AbortController();
  const first = runInCall({ signal: leaving.signal }, () => cache.get("a"));
  const other = cache.get("a");
  await begun();
  leaving.abort(new Error("left"));
  await expect(first).rejects.toThrow();
  reads[0]?.answer(trainer("a"));
  expect((await other)?.candidate.trainerId).toBe("a");
});
