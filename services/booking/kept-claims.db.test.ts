import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { type Database, openDatabase, type Queryable, sql } from "../runtime/database.ts";
import { tidyClaimChanges } from "./change-queries.ts";
import { type ClaimCache, claimCache } from "./claim-cache.ts";
import { type Asked, candidate, changeFirst, DAY, findKept, lesson } from "./testing/asked-availability.ts";
import {
  type BookingServer,
  COMPANY,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { type Lesson, sell } from "./testing/sold-lessons.ts";
import { tidyChanges } from "./tidy-changes.ts";
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

/** Nothing that began before is under way any more, in any test's database: what is read now is not news again. */
async function settled(): Promise<void> {
  const { all } = mesh.database;
  const begun = await all.oneFirst(sql.type(z.object({ id: z.string() }))`select pg_current_xact_id()::text as id`);
  const isOver = sql.type(z.object({ over: z.boolean() }))`
    select pg_snapshot_xmin(pg_current_snapshot()) > ${begun}::xid8 as over`;
  while (!(await all.oneFirst(isOver))) await setImmediate();
}

/** What is kept of a trainer. */
function kept(trainerId: string): TrainerClaims | undefined {
  const asOf = cache.asOf(COMPANY);
  return asOf && cache.get(asOf, trainerId, Number.POSITIVE_INFINITY);
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

/** The tests' database, whose answers are there and not yet taken until others have overtaken them. */
function answeringLate() {
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
  return { slow, answered, overtake };
}

test("an answer that comes after a later one does not bring back what was so before", async () => {
  const trainerId = randomUUID();
  const question = { studentId: given.studentId, starts: [600], candidates: [candidate(trainerId)], now: 0 };
  const clashing = async (db?: Database) => (await found(question, db)).workloads[0]?.clashingSessionCount;
  expect(await clashing()).toBe(0);
  const { slow, answered, overtake } = answeringLate();
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
  const { slow, answered, overtake } = answeringLate();
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
  await changeFirst(mesh.database.all, "cancel", { purchaseId: purchaseId, trainerId: trainerId });
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
