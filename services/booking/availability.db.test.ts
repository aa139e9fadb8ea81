import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { openDatabase, type Queryable, sql } from "../runtime/database.ts";
import { findAvailability } from "./availability.ts";
import type { Candidate } from "./candidate.ts";
import { forgetClaimChanges } from "./change-queries.ts";
import { type ClaimCache, claimCache, NOTED_MINUTES } from "./claim-cache.ts";
import {
  type BookingServer,
  COMPANY,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { type Lesson, START, sell } from "./testing/sold-lessons.ts";
import { localAt } from "./wall-clock.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;
let cache: ClaimCache;
let nowMs: number;

beforeAll(async () => {
  mesh = await startBookingServer();
  given = await givenCatalogue(mesh);
});
afterAll(() => mesh.close());
beforeEach(() => {
  nowMs = 0;
  cache = claimCache({ maxClaims: 1000, nowMs: () => nowMs });
});

const HOUR = 60;
const DAY = 24 * HOUR;

function candidate(trainerId: string, more: Partial<Candidate> = {}): Candidate {
  return {
    trainerId,
    version: 1,
    operatorId: COMPANY,
    name: "Ada",
    active: true,
    timeZone: "Europe/Berlin",
    base: given.location,
    travelRadiusMeters: 1000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: [],
    qualifications: [],
    timeOff: [],
    ...more,
  };
}

/** Lessons of an hour each that begin at these minutes. */
function slotsAt(...starts: number[]) {
  return starts
    .toSorted((a, b) => a - b)
    .map((start, index) => {
      const startTime = START.add({ minutes: start });
      const localStartTime = localAt(startTime.epochMilliseconds);
      return { sequence: index + 1, startTime, endTime: startTime.add({ minutes: HOUR }), localStartTime };
    });
}

interface Asked {
  studentId: string;
  starts: number[];
  candidates: Candidate[];
  now: number;
}

const found = ({ studentId, starts, candidates, now }: Asked, db: Queryable = mesh.database.all) =>
  findAvailability(
    { db, claims: cache },
    { operatorId: COMPANY, studentId, slots: slotsAt(...starts), candidates, now: START.add({ minutes: now }) },
  );

/** The same from the claims themselves, by the statement of which nothing is kept in memory. */
async function told({ studentId, starts, candidates, now }: Asked) {
  const slots = slotsAt(...starts);
  const row = z.object({
    told: z.object({
      studentClashes: z.array(z.number()),
      bookedSessionCounts: z.array(z.number()),
      clashingSessionCounts: z.array(z.number()),
      overDailyLimits: z.array(z.number().nullable()),
      taughtBefore: z.array(z.string()),
    }),
  });
  const all = await mesh.database.all.oneFirst(sql.type(row)`
    select find_availability(
      ${COMPANY}, ${studentId},
      ${sql.array(
        slots.map(({ startTime }) => startTime.toString()),
        "timestamptz",
      )},
      ${sql.array(
        slots.map(({ endTime }) => endTime.toString()),
        "timestamptz",
      )},
      ${sql.array(
        candidates.map(({ trainerId }) => trainerId),
        "uuid",
      )},
      ${sql.array(
        candidates.map(({ timeZone }) => timeZone),
        "text",
      )},
      ${sql.array(
        candidates.map(({ bufferMinutes }) => bufferMinutes),
        "int4",
      )},
      ${sql.array(
        candidates.map(({ dailySessionLimit }) => dailySessionLimit),
        "int4",
      )},
      ${START.add({ minutes: now }).toString()}
    ) as told
  `);
  return {
    studentClashes: all.studentClashes,
    workloads: candidates.map(({ trainerId }, index) => ({
      trainerId,
      bookedSessionCount: all.bookedSessionCounts[index],
      clashingSessionCount: all.clashingSessionCounts[index],
      overDailyLimit: all.overDailyLimits[index],
      taughtBefore: all.taughtBefore.includes(trainerId),
    })),
  };
}

const lesson = (trainerId: string, start: number): Lesson => ({ trainerId, start, minutes: HOUR, buffer: 15 });

async function soldTo(db: Queryable, ...lessons: Lesson[]): Promise<string> {
  return sell(db, { ...given, studentId: await givenStudent(mesh) }, lessons);
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
          await changeOne(one.change, sold[one.by % sold.length], trainers[one.by % trainers.length] ?? "");
        } else {
          const question = {
            studentId: students[one.asked.student] ?? "",
            starts: one.asked.starts,
            candidates: one.asked.trainers.map(({ trainer, ...more }) => candidate(trainers[trainer] ?? "", more)),
            now: one.asked.now,
          };
          expect(await found(question)).toEqual(await told(question));
        }
      }
    }),
    { numRuns: 25, endOnFailure: true }, // a failure prints its seed
  );
  expect(cache.counts.known).toBeGreaterThan(100);
});

/** Does something to the first session of a purchase, unless the claims of others forbid it. */
async function changeOne(change: string, purchaseId: string | undefined, trainerId: string): Promise<void> {
  if (!purchaseId) return;
  const first = sql.fragment`purchase_id = ${purchaseId} and sequence = 1`;
  const statements = {
    cancel: sql.unsafe`update session set state = 'cancelled' where ${first} and state = 'scheduled'`,
    reopen: sql.unsafe`update session set state = 'scheduled' where ${first}`,
    move: sql.unsafe`
      update session set start_time = start_time + interval '25 hours', end_time = end_time + interval '25 hours'
      where ${first}`,
    pass: sql.unsafe`update session set trainer_id = ${trainerId} where ${first}`,
    delete: sql.unsafe`delete from session where ${first}`,
  };
  const statement = statements[change as keyof typeof statements];
  await mesh.database.all.query(statement).catch(() => undefined);
}

test("a change that was under way when the claims were read is news once it is committed, however late", async () => {
  const trainerId = randomUUID();
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  const clashing = async () => (await found(question)).workloads[0]?.clashingSessionCount;
  const { promise: late, resolve: commit } = Promise.withResolvers<void>();
  const { promise: written, resolve: writtenNow } = Promise.withResolvers<void>();
  const slow = mesh.database.all.transaction(async (tx) => {
    await soldTo(tx, lesson(trainerId, 600));
    writtenNow();
    await late;
  });
  await written;
  expect(await clashing()).toBe(0);
  await soldTo(mesh.database.all, lesson(trainerId, 2 * DAY));
  expect(await clashing()).toBe(0);
  expect((await found(question)).workloads[0]?.bookedSessionCount).toBe(1);
  commit();
  await slow;
  expect(await clashing()).toBe(1);
});

test("who has not changed is not read again, and whose change is undone is as before", async () => {
  const [still, changed] = [randomUUID(), randomUUID()];
  await soldTo(mesh.database.all, lesson(still, 600), lesson(changed, 900));
  const candidates = [candidate(still), candidate(changed)];
  const question = { studentId: given.studentId, starts: [600, 900], candidates, now: 0 };
  const first = await found(question);
  expect(first.workloads.map(({ clashingSessionCount }) => clashingSessionCount)).toEqual([1, 1]);
  expect(cache.counts).toEqual({ known: 0, read: 2 });
  await expect(
    mesh.database.all.transaction(async (tx) => {
      await soldTo(tx, lesson(changed, 600));
      throw new Error("undone");
    }),
  ).rejects.toThrow("undone");
  const kept = () => candidates.map(({ trainerId }) => cache.get(COMPANY, trainerId, Number.POSITIVE_INFINITY));
  const before = kept();
  expect(await found(question)).toEqual(first);
  expect(kept()[0]).toBe(before[0]);
  expect(kept()[1]).toBe(before[1]);
  await soldTo(mesh.database.all, lesson(changed, 600));
  expect((await found(question)).workloads[1]?.clashingSessionCount).toBe(2);
  expect(kept()[0]).toBe(before[0]);
  expect(kept()[1]).not.toBe(before[1]);
});

test("who has not been asked about for some minutes is read again, since changes are not noted for ever", async () => {
  const trainerId = randomUUID();
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  const sessions = async () => (await found(question)).workloads[0]?.bookedSessionCount;
  expect(await sessions()).toBe(0);
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  const noted = () =>
    mesh.database.all.oneFirst(sql.type(z.object({ count: z.number() }))`
      select count(*)::int from trainer_claim_change where trainer_id = ${trainerId}`);
  await forgetClaimChanges(mesh.database.all, NOTED_MINUTES);
  expect(await noted()).toBe(1);
  await forgetClaimChanges(mesh.database.all, 0);
  expect(await noted()).toBe(0);
  nowMs += 5 * 60_000;
  expect(await sessions()).toBe(1);
});

test("what another server said is not believed, whatever it called its transactions", async () => {
  const trainerId = randomUUID();
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  await found(question);
  const empty = cache.get(COMPANY, trainerId, Number.POSITIVE_INFINITY);
  if (!empty) throw new TypeError("nothing is kept");
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  cache.answeredBy("2030-01-01 00:00:00+00");
  cache.keep(trainerId, { ...empty, news: 2n ** 60n });
  expect((await found(question)).workloads[0]?.clashingSessionCount).toBe(1);
});

test("who may not see an operator's claims is refused, and not told that there are none", async () => {
  const trainerId = randomUUID();
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  await using limited = new AsyncDisposableStack();
  const db = await openDatabase(mesh.database.url, { maxConnections: 1, applicationName: "test" });
  limited.defer(() => db.end());
  const asOperator = (operatorId: string) =>
    db.transaction(async (tx) => {
      await tx.query(sql.unsafe`select set_config('cadre.operator_id', ${operatorId}, true)`);
      return found(question, tx);
    });
  await expect(asOperator(randomUUID())).rejects.toThrow(/not the caller's to see/);
  await expect(found(question, db)).rejects.toThrow(/not the caller's to see/);
  expect(cache.size()).toBe(0);
  expect((await asOperator(COMPANY)).workloads[0]?.clashingSessionCount).toBe(1);
});

test("the cache holds so many claims at most", async () => {
  const small = claimCache({ maxClaims: 30, nowMs: () => nowMs });
  cache = small;
  for (let count = 0; count < 10; count += 1) {
    const trainerId = randomUUID();
    await soldTo(mesh.database.all, ...[0, 1, 2].map((day) => lesson(trainerId, 600 + day * DAY)));
    await soldTo(mesh.database.all, lesson(trainerId, 600 + 5 * DAY));
    await found({ studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 });
  }
  expect(small.size()).toBeLessThanOrEqual(30);
  expect(small.size()).toBeGreaterThan(20);
});
