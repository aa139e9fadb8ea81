import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { type Allowances, keepAllowances } from "./allowances.ts";
import { startTestRedis, type TestRedis } from "./testing/redis.ts";

const SIZES = new Map([["user", { points: 10, durationS: 60 }]]);

let server: TestRedis;
const clients: Redis[] = [];
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await server.kill();
});

/** As one replica keeps them. */
async function replica(): Promise<{ allowances: Allowances; redis: Redis }> {
  const redis = new Redis({
    path: server.path,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 100,
    disconnectTimeout: 50,
  });
  redis.on("error", () => undefined);
  clients.push(redis);
  await once(redis, "ready");
  return { allowances: keepAllowances(SIZES, redis), redis };
}

test("an allowance is used up by its points, each caller's for itself", async () => {
  const { take } = keepAllowances(SIZES);
  expect(await take("user", "ada", 6)).toBe(0);
  expect(await take("user", "ada", 4)).toBe(0);
  const waitMs = await take("user", "ada", 1);
  expect(waitMs).toBeGreaterThan(50_000);
  expect(waitMs).toBeLessThanOrEqual(60_000);
  expect(await take("user", "grace", 10)).toBe(0);
});

test("whoever comes back when told is let in", async () => {
  const { take } = keepAllowances(new Map([["user", { points: 1, durationS: 1 }]]));
  expect(await take("user", "ada", 1)).toBe(0);
  const waitMs = await take("user", "ada", 1);
  // A timer may fire within the millisecond before.
  await new Promise((resolve) => setTimeout(resolve, waitMs + 1));
  expect(await take("user", "ada", 1)).toBe(0);
});

test("replicas that share a Redis share what is left", async () => {
  const one = await replica();
  const other = await replica();
  const taken = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).allowances.take("user", "ada", 1)),
  );
  expect(taken.filter((waitMs) => waitMs === 0)).toHaveLength(10);
});

test("the end of the window is told, and counts, the same with a Redis as without", async () => {
  const { redis } = await replica();
  const sizes = new Map([["short", { points: 1, durationS: 2 }]]);
  const { take } = keepAllowances(sizes, redis);
  const startMs = performance.now();
  expect(await take("short", "ada", 1)).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const waitMs = await take("short", "ada", 1);
  expect(waitMs).toBeLessThanOrEqual(2000 - (performance.now() - startMs) + 50);
  await new Promise((resolve) => setTimeout(resolve, waitMs + 1));
  expect(await take("short", "ada", 1)).toBe(0);
});

test("a Redis that hangs is asked a few times and then left alone for a while", async () => {
  const { allowances, redis } = await replica();
  server.hang();
  try {
    for (let calls = 0; calls < 10; calls += 1) expect(await allowances.take("user", `hanging ${calls}`, 1)).toBe(0);
  } finally {
    server.goOn();
  }
  // What it was asked it does, once it goes on.
  expect(await redis.keys("cadre:user:hanging*")).toHaveLength(3);
});

test("while Redis is away each replica counts for itself, and nobody is refused for it", async () => {
  const { allowances, redis } = await replica();
  expect(await allowances.take("user", "grace", 9)).toBe(0);
  const closed = once(redis, "close");
  await server.kill();
  await closed;
  expect(await allowances.take("user", "grace", 10)).toBe(0);
  expect(await allowances.take("user", "grace", 1)).toBeGreaterThan(0);
});
