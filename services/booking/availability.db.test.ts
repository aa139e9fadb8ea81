import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Database, openDatabase, type Queryable } from "../runtime/database.ts";
import { findAvailability } from "./availability.ts";
import { type ClaimCache, claimCache } from "./claim-cache.ts";
import {
  type Asked,
  candidate,
  changeFirst,
  DAY,
  findAnew,
  findKept,
  HOUR,
  lesson,
  slotsAt,
} from "./testing/asked-availability.ts";
import {
  type BookingServer,
  COMPANY,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { type Lesson, START, sell } from "./testing/sold-lessons.ts";
import type { TrainerClaims } from "./trainer-claims.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;
let cache: ClaimCache;

beforeAll(async () => {
  mesh = await startBookingServer();
  given = await givenCatalogue(mesh);
});
afterAll(() => mesh.close());
beforeEach(() => {
  cache = claimCache({ maxBytes: 1_000_000 });
});

const found = (asked: Asked, db: Database = mesh.database.all) => findKept({ db, claims: cache }, asked);

async function soldTo(db: Queryable, ...lessons: Lesson[]): Promise<string> {
  return sell(db, { ...given, studentId: await givenStudent(mesh) }, lessons);
}

/** What is kept of a trainer. */
function kept(trainerId: string): TrainerClaims | undefined {
  const asOf = cache.asOf(COMPANY);
  return asOf && cache.get(asOf, trainerId, Number.POSITIVE_INFINITY);
}

test("what is kept of the claims tells what the claims do, whatever is written in between", async () => {
  const trainers = Array.from({ length: 4 }, () => randomUUID());
  const students = [await givenStudent(mesh), await givenStudent(mesh)];
  const trainerIndex = fc.nat({ max: trainers.length - 1 });
  const minute = fc.integer({ min: 0, max: 30 * DAY }).map((minutes) => minutes - (minutes % 15));
  const lessons = fc.array(
    fc.record({
      trainer: trainerIndex,
      start: minute,
      minutes: fc.constantFrom(45, 60, 600),
      buffer: fc.constantFrom(0, 15),
    }),
    { minLength: 1, maxLength: 6 },
  );
  const asked = fc.record({
    student: fc.nat({ max: 1 }),
    starts: fc.uniqueArray(minute, { minLength: 1, maxLength: 12 }),
    trainers: fc.uniqueArray(
      fc.record({
        trainer: trainerIndex,
        // Clocks of these change in 2031 on 9 March, 30 March (twice, by two hours in Troll) or not at all.
        timeZone: fc.constantFrom("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Antarctica/Troll"),
        bufferMinutes: fc.constantFrom(0, 15, 90),
        dailySessionLimit: fc.integer({ min: 1, max: 4 }),
      }),
      { selector: ({ trainer }) => trainer },
    ),
    now: fc.integer({ min: -DAY, max: 20 * DAY }),
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ sell: lessons, student: fc.nat({ max: 1 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({ change: fc.constantFrom("cancel", "reopen", "move", "pass", "delete"), by: fc.nat() }),
    },
    { weight: 4, arbitrary: fc.record({ asked }) },
  );
  const sold: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      for (const one of steps) {
        if ("sell" in one) {
          const wanted = one.sell.map(({ trainer, ...more }) => ({ trainerId: trainers[trainer] ?? "", ...more }));
          // What overlaps is refused.
          const studentId = students[one.student] ?? "";
          const id = await sell(mesh.database.all, { ...given, studentId }, wanted).catch(() => null);
          if (id) sold.push(id);
        } else if ("change" in one) {
          const [purchaseId, trainerId = ""] = [sold[one.by % sold.length], trainers[one.by % trainers.length]];
          await changeFirst(mesh.database.all, one.change, { purchaseId, trainerId });
        } else {
          const question = {
            studentId: students[one.asked.student] ?? "",
            starts: one.asked.starts,
            candidates: one.asked.trainers.map(({ trainer, ...more }) => candidate(trainers[trainer] ?? "", more)),
            now: one.asked.now,
          };
          expect(await found(question)).toEqual(await findAnew(mesh.database.all, question));
        }
      }
    }),
    { numRuns: 25, endOnFailure: true }, // a failure prints its seed
  );

  const all = { studentId: students[0] ?? "", starts: [600], candidates: trainers.map((id) => candidate(id)), now: 0 };
  await found(all);
  const { known } = cache.counts();
  await found(all);
  expect(cache.counts().known).toBe(known + trainers.length);
});

test("who asks while others write keeps what is so in the end, in whatever order answers come", async () => {
  const trainers = Array.from({ length: 6 }, () => randomUUID());
  const students = await Promise.all(Array.from({ length: 3 }, () => givenStudent(mesh)));
  const index = fc.nat({ max: trainers.length - 1 });
  const minute = fc.integer({ min: 0, max: 40 * 24 }).map((hours) => hours * HOUR);
  const written = fc.record({
    sold: fc.array(fc.record({ trainer: index, start: minute }), { minLength: 1, maxLength: 4 }),
    change: fc.constantFrom("cancel", "reopen", "move", "pass", "delete"),
    by: fc.nat(),
  });
  const asked = fc.record({
    starts: fc.uniqueArray(minute, { minLength: 1, maxLength: 5 }),
    trainers: fc.subarray(trainers),
    // Turns of the event loop before the question goes out, and before its answer is taken.
    waits: fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 })),
  });
  const scripts = fc.record({
    // At the least, a few of them push out the others.
    bytes: fc.constantFrom(5000, 1_000_000),
    writers: fc.array(fc.array(written, { maxLength: 12 }), { minLength: 3, maxLength: 3 }),
    askers: fc.array(fc.array(asked, { maxLength: 12 }), { minLength: 4, maxLength: 4 }),
  });
  const sold: string[] = [];
  const questionOf = (starts: number[], ids: string[]) => {
    const candidates = ids.map((id) => candidate(id, { dailySessionLimit: 2 }));
    return { studentId: students[0] ?? "", starts, candidates, now: 0 };
  };
  await fc.assert(
    fc.asyncProperty(scripts, async ({ bytes, writers, askers }) => {
      cache = claimCache({ maxBytes: bytes });
      const write = async (steps: (typeof writers)[number], studentId: string) => {
        for (const { sold: wanted, change, by } of steps) {
          const lessons = wanted.map(({ trainer, start }) => lesson(trainers[trainer] ?? "", start));
          const id = await sell(mesh.database.all, { ...given, studentId }, lessons).catch(() => null);
          if (id) sold.push(id);
          const [purchaseId, trainerId = ""] = [sold[by % sold.length], trainers[by % trainers.length]];
          await changeFirst(mesh.database.all, change, { purchaseId, trainerId });
        }
      };
      const ask = async (steps: (typeof askers)[number]) => {
        for (const { starts, trainers: ids, waits } of steps) await found(questionOf(starts, ids), delayed(...waits));
      };
      await Promise.all([...writers.map((steps, at) => write(steps, students[at] ?? "")), ...askers.map(ask)]);
      const all = questionOf(
        Array.from({ length: 40 }, (_, day) => day * DAY + 600),
        trainers,
      );
      expect(await found(all)).toEqual(await findAnew(mesh.database.all, all));
    }),
    { numRuns: 15, endOnFailure: true }, // a failure prints its seed
  );
});

/** The tests' database, which takes so many turns of the event loop more until it is asked, and until it answers. */
function delayed(before: number, after: number): Database {
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await setImmediate();
  };
  return {
    ...mesh.database.all,
    async oneFirst(query) {
      await turns(before);
      const answer = await mesh.database.all.oneFirst(query);
      await turns(after);
      return answer;
    },
  };
}

test("days that have filled up meanwhile are counted, by one statement more if that was not to be expected", async () => {
  const trainerId = randomUUID();
  let statements = 0;
  const db: Database = {
    ...mesh.database.all,
    oneFirst(query) {
      statements += 1;
      return mesh.database.all.oneFirst(query);
    },
  };
  const candidates = [candidate(trainerId, { dailySessionLimit: 5 })];
  const ask = () => found({ studentId: given.studentId, starts: [600], candidates, now: 0 }, db);
  const sellAt = (...starts: number[]) => soldTo(mesh.database.all, ...starts.map((start) => lesson(trainerId, start)));
  expect((await ask()).workloads[0]?.overDailyLimit).toBeNull();
  expect(statements).toBe(1);
  await sellAt(0, 100, 200);
  expect((await ask()).workloads[0]?.overDailyLimit).toBeNull();
  expect(statements).toBe(2);
  await sellAt(300, 400);
  expect((await ask()).workloads[0]?.overDailyLimit).toBe(1);
  expect(statements).toBe(3);

  const full = randomUUID();
  candidates[0] = candidate(full, { dailySessionLimit: 5 });
  await ask();
  await soldTo(mesh.database.all, ...[0, 100, 200, 300, 400].map((start) => lesson(full, start)));
  statements = 0;
  expect((await ask()).workloads[0]?.overDailyLimit).toBe(1);
  expect(statements).toBe(2);
});

test("an operator's trainer is no other's, and claims that were over already are not those of a day before", async () => {
  const [trainerId, other] = [randomUUID(), randomUUID()];
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  const candidates = [candidate(trainerId)];
  const ask = (operatorId: string) =>
    findAvailability(
      { db: mesh.database.all, claims: cache },
      { operatorId, studentId: given.studentId, slots: slotsAt(600), candidates, now: START },
    );
  expect((await ask(COMPANY)).workloads[0]?.bookedSessionCount).toBe(1);
  const sinceMs = kept(trainerId)?.sinceMs ?? 0;
  const asOf = cache.asOf(COMPANY);
  if (!asOf) throw new TypeError("nothing is kept");
  expect(cache.get(asOf, trainerId, sinceMs)).toBeDefined();
  expect(cache.get(asOf, trainerId, sinceMs - 1)).toBeUndefined();
  expect((await ask(other)).workloads[0]?.bookedSessionCount).toBe(0);
  expect((await ask(COMPANY)).workloads[0]?.bookedSessionCount).toBe(1);
});

test("times are asked for once, and of those alone who have a claim at the hour; days are counted where claims do not rule it out", async () => {
  const [free, busy] = [randomUUID(), randomUUID()];
  await soldTo(mesh.database.all, lesson(free, 900), lesson(busy, 600));
  const asked: (readonly unknown[])[] = [];
  const db: Database = {
    ...mesh.database.all,
    oneFirst: (query) => {
      asked.push(query.values);
      return mesh.database.all.oneFirst(query);
    },
  };
  const ask = async (start: number, dailySessionLimit: number) => {
    const candidates = [free, busy].map((trainerId) => candidate(trainerId, { dailySessionLimit }));
    await found({ studentId: given.studentId, starts: [start], candidates, now: 0 }, db);
    const values = asked.at(-1) ?? [];
    return { more: values.at(7), timed: values.at(-2) };
  };
  const nothing = { more: "{}", timed: "{}" };
  expect(await ask(300, 8)).toEqual({ more: "{read,read}", timed: "{}" });
  expect(await ask(300, 8)).toEqual(nothing);
  expect(await ask(600, 8)).toEqual({ more: "{}", timed: `{${busy}}` });
  expect(await ask(600, 8)).toEqual(nothing);
  expect(await ask(600, 3)).toEqual({ more: "{watch,watch}", timed: "{}" });
  expect(await ask(600, 1)).toEqual({ more: "{count,count}", timed: "{}" });
  expect(await ask(600 + 10 * DAY, 3)).toEqual(nothing);
});

test("who may not see an operator's claims is refused, and not told that there are none", async () => {
  const trainerId = randomUUID();
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  const asOperator = async (operatorId: string) => {
    const url = new URL(mesh.database.url);
    url.searchParams.set("options", `-c cadre.operator_id=${operatorId}`);
    const db = await openDatabase(url.href, { maxConnections: 1, applicationName: "test" });
    return found(question, db).finally(() => db.end());
  };
  await expect(asOperator(randomUUID())).rejects.toThrow(/not the caller's to see/);
  await expect(asOperator("")).rejects.toThrow(/not the caller's to see/);
  expect(cache.size()).toBe(0);
  expect((await asOperator(COMPANY)).workloads[0]?.clashingSessionCount).toBe(1);
});

test("the cache takes so many bytes at most, times included", async () => {
  cache = claimCache({ maxBytes: 20_000 });
  const ask = (trainerId: string, start: number) =>
    found({ studentId: given.studentId, starts: [start], candidates: [candidate(trainerId)], now: 0 });
  for (let count = 0; count < 20; count += 1) {
    const trainerId = randomUUID();
    await soldTo(mesh.database.all, ...[0, 7, 14].map((day) => lesson(trainerId, 600 + day * DAY)));
    await ask(trainerId, 300);
    const before = cache.size();
    await ask(trainerId, 600);
    if (count < 5) expect(cache.size()).toBeGreaterThan(before);
  }
  expect(cache.size()).toBeLessThanOrEqual(20_000);
  expect(cache.size()).toBeGreaterThan(15_000);
});
