import { setTimeout as delay } from "node:timers/promises";
import type { Runner } from "graphile-worker";
import type { Logger } from "../runtime/logger.ts";

const AGAIN_AFTER_MS = 1000;

/**
 * Keeps the queue's workers running. All of them stop for good when a job that is done cannot be struck off, be it that
 * one connection broke: then others are started. What those leave locked, the watchdog gives back.
 */
export async function keepRunning(
  start: () => Promise<Runner>,
  logger: Pick<Logger, "warn">,
): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let runner = await start();
  const running = run();

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await runner.promise.catch(() => undefined); // It has said why.
      runner = (await startAgain()) ?? runner;
    }
    await stopped(runner);
  }

  async function startAgain(): Promise<Runner | null> {
    while (!signal.aborted) {
      logger.warn({}, "the queue's workers stopped, and are started again");
      await delay(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      try {
        return await start();
      } catch (err) {
        logger.warn({ err }, "the queue's workers could not be started");
      }
    }
    return null;
  }

  return {
    async stop() {
      stopping.abort();
      await stopped(runner);
      await running;
    },
  };
}

/** A runner that has stopped by itself refuses to. */
async function stopped(runner: Runner): Promise<void> {
  await runner.stop().catch(() => undefined);
}
