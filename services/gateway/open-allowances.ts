import { Redis } from "ioredis";
import { type Allowances, keepAllowances } from "../runtime/allowances.ts";
import type { Logger } from "../runtime/logger.ts";
import type { GatewayConfig } from "./config.ts";

/** A call waits no longer than this for Redis before it is counted in this process. */
const REDIS_ANSWERS_WITHIN_MS = 200;

export interface OpenAllowances extends Allowances {
  close(): void;
}

/** The allowances of the configuration, in Redis where it names one. Starts without Redis, and goes on without it. */
export function openAllowances({ RATE_LIMITS, REDIS_URL }: GatewayConfig, logger: Logger): OpenAllowances {
  if (REDIS_URL === undefined) return { ...keepAllowances(RATE_LIMITS), close: () => undefined };
  const redis = new Redis(REDIS_URL, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: REDIS_ANSWERS_WITHIN_MS,
    connectionName: "cadre-gateway",
  });
  let down = false;
  redis.on("error", (error) => {
    if (!down) logger.warn({ err: error }, "Redis does not answer: calls are counted in this process");
    down = true;
  });
  redis.on("ready", () => {
    if (down) logger.info("Redis answers again");
    down = false;
  });
  return { ...keepAllowances(RATE_LIMITS, redis), close: () => redis.disconnect() };
}
