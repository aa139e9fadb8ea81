import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { type Database, openDatabase, type Queryable, sql } from "../runtime/database.ts";
import { findAvailability } from "./availability.ts";
import type { Candidate } from "./candidate.ts";
import { tidyClaimChanges } from "./change-queries.ts";
import { type ClaimCache, claimCache } from "./claim-cache.ts";
import {
  type BookingServer,
  COMPANY,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { type Lesson, START, sell } from "./testing/sold-lessons.ts";
import { tidyChanges } from "./tidy-changes.ts";
import type { TrainerClaims } from "./trainer-claims.ts";
import { localAt } from "./wall-clock.ts";

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

const found = ({ studentId, starts, candidates, now }: Asked, db: Database = mesh.database.all) =>
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

/** Nothing that began before is under way any more, in any test's database: what is read now is not news again. */
async function settled(): Promise<void> {
  const { all } = mesh.database;
  const begun = await all.oneFirst(sql.type(z.object({ id: z.string() }))`select pg_current_xact_id()::text as id`);
  const isOver = sql.type(z.object({ over: z.boolean() }))`
    select pg_snapshot_xmin(pg_current_snapshot()) > ${begun}::xid8 as over`;
  while (!(await all.oneFirst(isOver))) await setImmediate();
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

  await settled();
  const all = { studentId: students[0] ?? "", starts: [600], candidates: trainers.map((id) => candidate(id)), now: 0 };
  await found(all);
  const { known } = cache.counts();
  await found(all);
  expect(cache.counts().known).toBe(known + trainers.length);
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
  await settled();
  const first = await found(question);
  expect(first.workloads.map(({ clashingSessionCount }) => clashingSessionCount)).toEqual([1, 1]);
  expect(cache.counts()).toEqual({ known: 0, changed: 0, unknown: 2 });
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

test("notes are dropped once in a while, and claims of before are read again", async () => {
  const [asked, other] = [randomUUID(), randomUUID()];
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(asked)], now: 0 };
  const sessions = async () => (await found(question)).workloads[0]?.bookedSessionCount;
  const noted = () =>
    mesh.database.all.oneFirst(sql.type(z.object({ count: z.number() }))`
      select count(*)::int from trainer_claim_change where trainer_id = any (${sql.array([asked, other], "uuid")})`);
  const minutesPass = (minutes: number) =>
    mesh.database.all.query(sql.unsafe`
      update trainer_claim_log set mark_time = mark_time - make_interval(mins => ${minutes})`);
  await tidyClaimChanges(mesh.database.all, 0);
  expect(await sessions()).toBe(0);
  await soldTo(mesh.database.all, lesson(asked, 600));
  await minutesPass(14);
  await tidyChanges(mesh.database.all);
  expect(await noted()).toBe(1);
  // What has been noted since the last time stays.
  await settled();
  await minutesPass(1);
  await tidyChanges(mesh.database.all);
  await soldTo(mesh.database.all, lesson(other, 600));
  await minutesPass(15);
  await tidyChanges(mesh.database.all);
  expect(await noted()).toBe(1);
  expect(await sessions()).toBe(1);
});

test("a note of a transaction that was under way at a tidying survives the next one", async () => {
  const trainerId = randomUUID();
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  const { promise: late, resolve: commit } = Promise.withResolvers<void>();
  const { promise: written, resolve: writtenNow } = Promise.withResolvers<void>();
  const slow = mesh.database.all.transaction(async (tx) => {
    await soldTo(tx, lesson(trainerId, 600));
    writtenNow();
    await late;
  });
  await written;
  await tidyClaimChanges(mesh.database.all, 0);
  expect((await found(question)).workloads[0]?.clashingSessionCount).toBe(0);
  commit();
  await slow;
  await tidyClaimChanges(mesh.database.all, 0);
  expect((await found(question)).workloads[0]?.clashingSessionCount).toBe(1);
});

describe("after a crash, which may number transactions anew,", () => {
  const clashing = async (trainerId: string) => {
    const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
    return (await found(question)).workloads[0]?.clashingSessionCount;
  };
  const crash = () => mesh.database.all.query(sql.unsafe`delete from trainer_claim_log`);
  let one: string;
  let other: string;
  beforeEach(async () => {
    [one, other] = [randomUUID(), randomUUID()];
    for (const trainerId of [one, other]) {
      expect(await clashing(trainerId)).toBe(0);
      const claims = cache.get(COMPANY, trainerId, Number.POSITIVE_INFINITY);
      if (!claims) throw new TypeError("nothing is kept");
      claims.news = 2n ** 60n;
      await soldTo(mesh.database.all, lesson(trainerId, 600));
    }
    expect(await clashing(one)).toBe(0);
  });

  test("and until notes begin anew, nothing that is in memory is believed, and nothing kept", async () => {
    await crash();
    expect(await clashing(one)).toBe(1);
    expect(cache.size()).toBe(0);
    await tidyClaimChanges(mesh.database.all, 15);
    expect(await clashing(one)).toBe(1);
    expect(cache.size()).toBeGreaterThan(0);
  });

  test("what is in memory is not believed when notes have begun anew meanwhile", async () => {
    await crash();
    await tidyClaimChanges(mesh.database.all, 15);
    expect(await clashing(one)).toBe(1);
    expect(await clashing(other)).toBe(1);
  });
});

test("an operator's trainer is no other's, and claims that were over already are not those of a day before", () => {
  cache.begin(randomUUID());
  const claims = { operatorId: "a", sinceMs: 5, news: 1n, count: 0, times: [] as Float64Array[] } as TrainerClaims;
  cache.keep("trainer", claims);
  expect(cache.get("a", "trainer", 5)).toBe(claims);
  expect(cache.get("b", "trainer", 5)).toBeUndefined();
  expect(cache.get("a", "trainer", 4)).toBeUndefined();
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
    const [timed, , counted] = (asked.at(-1) ?? []).slice(-3);
    return { timed, counted };
  };
  const nothing = { timed: "{}", counted: "{}" };
  expect(await ask(300, 8)).toEqual(nothing);
  expect(await ask(600, 8)).toEqual({ timed: "{2}", counted: "{}" });
  expect(await ask(600, 8)).toEqual(nothing);
  expect(await ask(600, 1)).toEqual({ timed: "{}", counted: "{1,2}" });
  expect(await ask(600 + 10 * DAY, 1)).toEqual(nothing);
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

test("who may not see everything cannot drop notes", async () => {
  const trainerId = randomUUID();
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  const db = await openDatabase(mesh.database.url, { maxConnections: 1, applicationName: "test" });
  for (let count = 0; count < 2; count += 1) await tidyClaimChanges(db, 0).catch(() => undefined);
  await db.end();
  const noted = sql.type(z.object({ count: z.number() }))`
    select count(*)::int from trainer_claim_change where trainer_id = ${trainerId}`;
  expect(await mesh.database.all.oneFirst(noted)).toBe(1);
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
