import { randomUUID } from "node:crypto";
import { beforeEach, expect, test } from "@jest/globals";
import { type AsOf, type ClaimCache, claimCache, type Told } from "./claim-cache.ts";
import type { ToldClaim } from "./told-claims.ts";
import { readDiaries, type TrainerClaims, withChanges } from "./trainer-claims.ts";

const OPERATOR = "an operator";
const EPOCH = randomUUID();

let cache: ClaimCache;
beforeEach(() => {
  cache = claimCache({ maxBytes: 1_000_000 });
});

/** A claim of every hour of the week, with its times. */
function claimOf(trainerId: string): ToldClaim {
  const hours = Buffer.alloc(25, 255).fill(0, 0, 4);
  const purchaseId = Buffer.from(randomUUID().replaceAll("-", ""), "hex");
  return { trainerId, purchaseId, endMs: 100, sessionCount: 1, busiest: 1, hours, times: Float64Array.of(50, 100) };
}

function claimsOf(...claims: ToldClaim[]): TrainerClaims {
  const none = readDiaries(`0000000a${"00000000000000000000000b".repeat(5)}`, 0).get(10);
  if (!none) throw new TypeError("nothing was read");
  return withChanges(none, claims, { sinceMs: 0, timesOf: [] });
}

interface Answer {
  at: number;
  read?: string;
  changed?: ToldClaim[];
  trainers?: Told["trainers"];
}

/** What was told as of a transaction to who knew something: who was read, and what has changed. */
function keep(known: AsOf | undefined, { at, read, changed = [], trainers = new Map() }: Answer): AsOf {
  const both = read === undefined ? trainers : new Map([[read, { before: undefined, after: claimsOf() }]]);
  const changes = Map.groupBy(changed, ({ trainerId }) => trainerId);
  cache.keep(OPERATOR, known, { epoch: EPOCH, snapshot: `${at}:${at}:`, sinceMs: 0, changes, trainers: both });
  return asOf();
}

function asOf(): AsOf {
  const now = cache.asOf(OPERATOR);
  if (!now) throw new TypeError("nothing is kept");
  return now;
}

const kept = (trainerId: string) => cache.get(asOf(), trainerId, 0);

test("who is told something later than a read that took long waits for what has changed since the read", () => {
  const first = keep(undefined, { at: 10, read: "a" });
  const second = keep(first, { at: 20 });
  expect(keep(first, { at: 15, read: "b" }).snapshot).toBe("15:15:");
  const claim = claimOf("b");
  expect(keep(second, { at: 30 }).snapshot).toBe("15:15:");
  expect(kept("b")?.count).toBe(0);
  expect(keep(asOf(), { at: 40, changed: [claim] }).snapshot).toBe("40:40:");
  expect(kept("b")?.count).toBe(1);
});

test("what was known before others were told later news takes nobody's place", () => {
  const first = keep(undefined, { at: 10, read: "a" });
  const before = kept("a");
  keep(first, { at: 30, changed: [claimOf("a")] });
  expect(kept("a")?.count).toBe(1);
  keep(first, { at: 20, trainers: new Map([["a", { before, after: claimsOf() }]]) });
  expect(kept("a")?.count).toBe(1);
  expect(asOf().snapshot).toBe("30:30:");
});

test("nothing is kept of what was asked by who knew what has been forgotten", () => {
  const known = keep(undefined, { at: 10, read: "a" });
  cache.forget(OPERATOR, known, EPOCH);
  cache.keep(OPERATOR, known, {
    ...{ epoch: EPOCH, snapshot: "20:20:", sinceMs: 0, changes: new Map() },
    trainers: new Map([["b", { before: undefined, after: claimsOf() }]]),
  });
  expect(cache.asOf(OPERATOR)).toBeUndefined();
  keep(undefined, { at: 30, read: "c" });
  expect([kept("a"), kept("b"), kept("c")?.count]).toEqual([undefined, undefined, 0]);
  cache.forget(OPERATOR, known, EPOCH);
  expect(kept("c")).toBeDefined();
});

test("the times of what changes are not kept for nobody", () => {
  const known = keep(undefined, { at: 10, read: "a" });
  const size = cache.size();
  keep(known, { at: 20, changed: [claimOf("a")] });
  expect(kept("a")).toMatchObject({ count: 1, times: [undefined] });
  expect(cache.size()).toBeGreaterThan(size);
});

test("another epoch of the database begins with nothing, and none keeps nothing", () => {
  const known = keep(undefined, { at: 10, read: "a" });
  cache.forget(OPERATOR, known, randomUUID());
  expect([cache.asOf(OPERATOR), cache.size()]).toEqual([undefined, 0]);
  cache.keep(OPERATOR, undefined, {
    ...{ epoch: null, snapshot: "20:20:", sinceMs: 0, changes: new Map() },
    trainers: new Map([["a", { before: undefined, after: claimsOf() }]]),
  });
  expect([cache.asOf(OPERATOR), cache.size()]).toEqual([undefined, 0]);
});

test("what was known of another epoch is nothing to whom its first answer is told", () => {
  keep(undefined, { at: 30, read: "a" });
  const epoch = randomUUID();
  const told = { sinceMs: 0, changes: new Map(), trainers: new Map() };
  cache.keep(OPERATOR, undefined, { epoch, snapshot: "20:20:", ...told });
  expect(asOf()).toMatchObject({ epoch, snapshot: "20:20:" });
  expect(kept("a")).toBeUndefined();
});
