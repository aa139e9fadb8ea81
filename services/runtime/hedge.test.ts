import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { hedge } from "./hedge.ts";
import { type FranchiseServer, franchiseCalls, startFranchiseServer } from "./testing/franchise-server.ts";

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function given(answer: (arrival: number, signal: AbortSignal) => unknown) {
  const server: FranchiseServer = stack.adopt(await startFranchiseServer(answer), (server) => server.close());
  const options = { interceptors: [hedge()] };
  const calls = stack.adopt(await franchiseCalls(server.address, server.issuer, options), (calls) => calls.close());
  return { server, call: calls.call };
}

/** A call that connects may itself be late, and what is hedged arrive when it has been answered. */
async function untilWarm(call: () => Promise<boolean>): Promise<void> {
  for (let made = 0; made < 10; made += 1) await call();
}

const untilCancelled = (signal: AbortSignal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("a call whose answer is late is made again, the first answer counts, and the other call is cancelled", async () => {
  const cancelled = Promise.withResolvers<unknown>();
  let hangs: number | undefined;
  const { server, call } = await given((arrival, signal) => {
    if (arrival !== hangs) return undefined;
    signal.addEventListener("abort", () => cancelled.resolve(signal.reason));
    return untilCancelled(signal);
  });
  await untilWarm(call);
  const before = server.arrivals.length;
  hangs = before + 1;
  const startMs = performance.now();
  expect(await call()).toBe(true);
  expect(server.arrivals).toHaveLength(before + 2);
  expect((server.arrivals[before + 1] ?? 0) - startMs).toBeGreaterThan(95); // 100 ms in the contract
  await cancelled.promise;
});

test("a call that is answered in time is made once", async () => {
  const { server, call } = await given(() => undefined);
  await untilWarm(call);
  const before = server.arrivals.length;
  let late = 0;
  for (let made = 0; made < 20; made += 1) {
    const startMs = performance.now();
    await call();
    // On a machine that is busy with something else.
    if (performance.now() - startMs > 95) late += 1;
  }
  expect(server.arrivals.length).toBeGreaterThanOrEqual(before + 20);
  expect(server.arrivals.length).toBeLessThanOrEqual(before + 20 + late);
});

test("both attempts end at the call's deadline", async () => {
  const { server, call } = await given((_, signal) => untilCancelled(signal));
  const startMs = performance.now();
  expect(await call(300)).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(300 + 1000);
  expect(server.arrivals).toHaveLength(2);
});

test("a dependency that hangs altogether gets at most 1.2 times its normal calls", async () => {
  let hangs = false;
  const { server, call } = await given((_, signal) => (hangs ? untilCancelled(signal) : undefined));
  await untilWarm(call);
  const before = server.arrivals.length;
  hangs = true;
  const calls = 50;
  const answered = await Promise.all(Array.from({ length: calls }, () => call(1500)));
  expect(answered).not.toContain(true);
  expect(server.arrivals.length - before).toBeGreaterThan(calls);
  expect(server.arrivals.length - before).toBeLessThanOrEqual(1.2 * calls);
});
