import { ConsecutiveBreaker, circuitBreaker, handleWhen, type IPolicy } from "cockatiel";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

/** So many points in so many seconds, from the first call on. */
export interface Allowance {
  points: number;
  durationS: number;
}

/** What is left to whom. */
export interface Allowances {
  readonly sizes: ReadonlyMap<string, Allowance>;
  /**
   * Takes `points` of what `who` has of an allowance. Answers with 0, or with the milliseconds until there is enough
   * again, in which case nothing is given.
   */
  take(allowance: string, who: string, points: number): Promise<number>;
}

/** A Redis that hangs costs each of so many calls its time to answer, and is then left alone for a while. */
const FAILURES_TO_LEAVE = 3;
const LEFT_FOR_MS = 5000;

/** Rejects with RateLimiterRes where there is not enough left. */
type Consume = (who: string, points: number) => Promise<unknown>;

/**
 * Keeps allowances by name: in Redis, shared by all replicas, where there is one; otherwise, and while it does not answer, in
 * this process.
 */
export function keepAllowances(sizes: ReadonlyMap<string, Allowance>, redis?: Redis): Allowances {
  const patience = circuitBreaker(
    handleWhen((error) => !(error instanceof RateLimiterRes)),
    {
      breaker: new ConsecutiveBreaker(FAILURES_TO_LEAVE),
      halfOpenAfter: LEFT_FOR_MS,
    },
  );
  const limiters = new Map(
    [...sizes].map(([name, size]) => [name, consumer(name, size, redis && { redis, patience })]),
  );
  return {
    sizes,
    async take(allowance, who, points) {
      const consume = limiters.get(allowance);
      if (!consume) throw new Error(`there is no allowance "${allowance}"`);
      try {
        await consume(who, points);
        return 0;
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return Math.max(1, refusal.msBeforeNext);
        throw refusal;
      }
    },
  };
}

function consumer(
  name: string,
  { points, durationS }: Allowance,
  shared: { redis: Redis; patience: IPolicy } | undefined,
): Consume {
  const options = { keyPrefix: `cadre:${name}`, points, duration: durationS };
  const inProcess = new RateLimiterMemory(options);
  if (!shared) return (who, taken) => inProcess.consume(who, taken);
  const inRedis = new RateLimiterRedis({
    ...options,
    storeClient: shared.redis,
    rejectIfRedisNotReady: true,
    // Who has nothing left is refused without asking, until there is something again.
    inMemoryBlockOnConsumed: points,
  });
  return (who, taken) =>
    shared.patience
      .execute(() => inRedis.consume(who, taken))
      .catch((error: unknown) => {
        if (error instanceof RateLimiterRes) throw error;
        return inProcess.consume(who, taken);
      });
}
