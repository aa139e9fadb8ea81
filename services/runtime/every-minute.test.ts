import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { everyMinute } from "./every-minute.ts";

const MINUTE_MS = 60_000;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask"] });
});
afterEach(() => {
  jest.useRealTimers();
});

test("it is done every minute until it is stopped, also after it has failed", async () => {
  const bugs: unknown[] = [];
  const failure = new Error("not this time");
  let times = 0;
  const stop = everyMinute(
    async () => {
      times += 1;
      if (times === 2) throw failure;
    },
    (bug) => bugs.push(bug),
  );
  await jest.advanceTimersByTimeAsync(3 * MINUTE_MS);
  expect([times, bugs]).toEqual([3, [failure]]);
  await stop();
  await jest.advanceTimersByTimeAsync(3 * MINUTE_MS);
  expect(times).toBe(3);
});

test("what takes longer than a minute is not begun a second time, and stopping waits for it", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let times = 0;
  const stop = everyMinute(
    () => {
      times += 1;
      return promise;
    },
    () => undefined,
  );
  await jest.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(times).toBe(1);
  let stopped = false;
  const stopping = stop().then(() => {
    stopped = true;
  });
  await jest.advanceTimersByTimeAsync(0);
  expect(stopped).toBe(false);
  resolve();
  await stopping;
});
