import type { Redis } from "ioredis";
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

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

/**
 * Keeps allowances by name: in Redis, shared by all replicas, where there is one; otherwise, and while it does not answer, in
 * this process.
 */
export function keepAllowances(sizes: ReadonlyMap<string, Allowance>, redis?: Redis): Allowances {
  const limiters = new Map([...sizes].map(([name, size]) => [name, limiterOf(name, size, redis)]));
  return {
    sizes,
    async take(allowance, who, points) {
      const limiter = limiters.get(allowance);
      if (!limiter) throw new Error(`there is no allowance "${allowance}"`);
      try {
        await limiter.consume(who, points);
        return 0;
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return Math.max(1, refusal.msBeforeNext);
        throw refusal;
      }
    },
  };
}

function limiterOf(name: string, { points, durationS }: Allowance, redis: Redis | undefined): RateLimiterAbstract {
  const options = { keyPrefix: `cadre:${name}`, points, duration: durationS };
  const inProcess = new RateLimiterMemory(options);
  if (!redis) return inProcess;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: inProcess,
    inMemoryBlockOnConsumed: points,
    inMemoryBlockDuration: durationS,
  });
}
