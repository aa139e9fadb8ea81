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
          await changeOne(change, sold[by % sold.length], trainers[by % trainers.length] ?? "");
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
      expect(await found(all)).toEqual(await told(all));
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

/** What is kept of a trainer. */
function kept(trainerId: string): TrainerClaims | undefined {
  const asOf = cache.asOf(COMPANY);
  return asOf && cache.get(asOf, trainerId, Number.POSITIVE_INFINITY);
}

test("who has not changed is not told again, and whose change is undone is as before", async () => {
  const [still, changed] = [randomUUID(), randomUUID()];
  await soldTo(mesh.database.all, lesson(still, 600), lesson(changed, 900));
  const candidates = [candidate(still), candidate(changed)];
  const question = { studentId: given.studentId, starts: [600, 900], candidates, now: 0 };
  const first = await found(question);
  expect(first.workloads.map(({ clashingSessionCount }) => clashingSessionCount)).toEqual([1, 1]);
  expect(cache.counts()).toMatchObject({ known: 0, changed: 0, unknown: 2 });
  await expect(
    mesh.database.all.transaction(async (tx) => {
      await soldTo(tx, lesson(changed, 600));
      throw new Error("undone");
    }),
  ).rejects.toThrow("undone");
  const before = [kept(still), kept(changed)];
  expect(await found(question)).toEqual(first);
  expect(kept(still)).toBe(before[0]);
  expect(kept(changed)).toBe(before[1]);
  await soldTo(mesh.database.all, lesson(changed, 600));
  expect((await found(question)).workloads[1]?.clashingSessionCount).toBe(2);
  expect(kept(still)).toBe(before[0]);
  expect(kept(changed)).not.toBe(before[1]);
});

test("what has changed is told once, however long something else is under way, and of whoever it is", async () => {
  const [asked, other] = [randomUUID(), randomUUID()];
  const ask = async (trainerId: string) => {
    const candidates = [candidate(trainerId)];
    const { workloads } = await found({ studentId: given.studentId, starts: [600], candidates, now: 0 });
    return workloads[0]?.clashingSessionCount;
  };
  const { promise: late, resolve: end } = Promise.withResolvers<void>();
  const { promise: begun, resolve: beginning } = Promise.withResolvers<void>();
  const open = mesh.database.all.transaction(async (tx) => {
    await soldTo(tx, lesson(randomUUID(), 600));
    beginning();
    await late;
  });
  await begun;
  expect([await ask(asked), await ask(other)]).toEqual([0, 0]);
  for (const trainerId of [asked, other]) await soldTo(mesh.database.all, lesson(trainerId, 600));
  expect(await ask(asked)).toBe(1);
  expect(cache.counts()).toMatchObject({ known: 0, changed: 1, unknown: 2 });
  expect([await ask(other), await ask(asked)]).toEqual([1, 1]);
  expect(cache.counts()).toMatchObject({ known: 2, changed: 1, unknown: 2 });
  end();
  await open;
});

test("an answer that comes after a later one does not bring back what was so before", async () => {
  const trainerId = randomUUID();
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  const clashing = async (db?: Database) => (await found(question, db)).workloads[0]?.clashingSessionCount;
  expect(await clashing()).toBe(0);
  const { promise: answered, resolve: answeredNow } = Promise.withResolvers<void>();
  const { promise: overtaken, resolve: overtake } = Promise.withResolvers<void>();
  const slow: Database = {
    ...mesh.database.all,
    async oneFirst(query) {
      const answer = await mesh.database.all.oneFirst(query);
      answeredNow();
      await overtaken;
      return answer;
    },
  };
  const early = clashing(slow);
  await answered;
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  expect(await clashing()).toBe(1);
  overtake();
  expect(await early).toBe(0);
  const { changed } = cache.counts();
  expect(await clashing()).toBe(1);
  expect(cache.counts().changed).toBe(changed);
});

test("who was read while others were told later news is kept, and is told all that has changed since", async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  const clashing = async (trainerId: string, db?: Database) => {
    const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
    return (await found(question, db)).workloads[0]?.clashingSessionCount;
  };
  expect(await clashing(one)).toBe(0);
  const { promise: answered, resolve: answeredNow } = Promise.withResolvers<void>();
  const { promise: overtaken, resolve: overtake } = Promise.withResolvers<void>();
  const slow: Database = {
    ...mesh.database.all,
    async oneFirst(query) {
      const answer = await mesh.database.all.oneFirst(query);
      answeredNow();
      await overtaken;
      return answer;
    },
  };
  const read = clashing(other, slow);
  await answered;
  for (const trainerId of [one, other]) await soldTo(mesh.database.all, lesson(trainerId, 600));
  expect(await clashing(one)).toBe(1);
  overtake();
  expect(await read).toBe(0);
  expect([await clashing(one), await clashing(other)]).toEqual([1, 1]);
  expect(cache.counts()).toMatchObject({ unknown: 2, changed: 2 });
  expect([await clashing(one), await clashing(other)]).toEqual([1, 1]);
  expect(cache.counts()).toMatchObject({ unknown: 2, changed: 2 });
});

test("an answer to who knew nothing does not pass over what has changed since others asked", async () => {
  const [one, other] = [randomUUID(), randomUUID()];
  const clashing = async (trainerId: string, db?: Database) => {
    const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
    return (await found(question, db)).workloads[0]?.clashingSessionCount;
  };
  const { promise: changed, resolve: change } = Promise.withResolvers<void>();
  const slow: Database = {
    ...mesh.database.all,
    async oneFirst(query) {
      await changed;
      return mesh.database.all.oneFirst(query);
    },
  };
  const first = clashing(other, slow);
  expect(await clashing(one)).toBe(0);
  await soldTo(mesh.database.all, lesson(one, 600));
  change();
  expect(await first).toBe(0);
  expect(await clashing(one)).toBe(1);
});

test("claims that are given back, or are over when others change, are not kept", async () => {
  const trainerId = randomUUID();
  const ask = (now: number) =>
    found({ studentId: given.studentId, starts: [90 * DAY], candidates: [candidate(trainerId)], now });
  const purchaseId = await soldTo(mesh.database.all, lesson(trainerId, 600));
  await soldTo(mesh.database.all, lesson(trainerId, 20 * DAY));
  await ask(0);
  expect(kept(trainerId)?.count).toBe(2);
  await changeOne("cancel", purchaseId, trainerId);
  await ask(0);
  expect(kept(trainerId)?.count).toBe(1);
  await soldTo(mesh.database.all, lesson(trainerId, 50 * DAY));
  await ask(40 * DAY);
  expect(kept(trainerId)?.count).toBe(1);
});

test("what is kept is read anew where more has changed than is told one by one", async () => {
  const trainerId = randomUUID();
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  await found(question);
  await soldTo(mesh.database.all, lesson(trainerId, 600));
  await mesh.database.all.query(sql.unsafe`
    insert into trainer_claim_change (operator_id, trainer_id, purchase_id)
    select ${COMPANY}, gen_random_uuid(), gen_random_uuid() from generate_series(1, 501)`);
  expect((await found(question)).workloads[0]?.clashingSessionCount).toBe(1);
  expect(cache.counts()).toEqual({ known: 0, changed: 0, unknown: 2, outdated: 1 });
  await found(question);
  expect(cache.counts()).toEqual({ known: 1, changed: 0, unknown: 2, outdated: 1 });
});

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
      const asOf = cache.asOf(COMPANY);
      if (!asOf) throw new TypeError("nothing is kept");
      Object.assign(asOf, { snapshot: `${2n ** 60n + 10n}:${2n ** 60n + 10n}:` });
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

  test("what is read is kept again, also while somebody from before is still under way", async () => {
    const { promise: late, resolve: end } = Promise.withResolvers<void>();
    const { promise: begun, resolve: beginning } = Promise.withResolvers<void>();
    const open = mesh.database.all.transaction(async (tx) => {
      await tx.query(sql.unsafe`select pg_current_xact_id()`);
      beginning();
      await late;
    });
    await begun;
    await crash();
    await tidyClaimChanges(mesh.database.all, 15);
    expect([await clashing(one), await clashing(one)]).toEqual([1, 1]);
    expect(cache.counts()).toEqual({ known: 2, changed: 0, unknown: 3, outdated: 1 });
    end();
    await open;
  });

  test("what is in memory is not believed when notes have begun anew meanwhile", async () => {
    await crash();
    await tidyClaimChanges(mesh.database.all, 15);
    expect(await clashing(one)).toBe(1);
    expect(await clashing(other)).toBe(1);
  });
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
