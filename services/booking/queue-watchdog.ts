import type { EventEmitter } from "node:events";
import type { WorkerEvents } from "graphile-worker";
import type { Pool } from "pg";
import type { Logger } from "../runtime/logger.ts";

const HEARTBEAT_MS = 5_000;
/** Three heartbeats: a pause of the machine is no death. */
const SILENCE = "15 seconds";

export interface Watchdog {
  stop(): Promise<void>;
}

/**
 * Lets the workers of this process be known as alive, and gives the jobs of killed workers, of whichever process, back
 * to the queue. Without it such a job stays locked for four hours.
 */
export function watchQueue(pool: Pool, events: EventEmitter & WorkerEvents, logger: Logger): Watchdog {
  const workers = new Set<string>();
  let beating = Promise.resolve();
  const report = (say: () => Promise<unknown>): void => {
    beating = beating.then(say).then(
      () => undefined,
      (error: unknown) => logger.warn({ err: error }, "the queue's workers could not be reported as alive, or gone"),
    );
  };
  const beat = (): void => report(() => pool.query("select worker_seen($1, $2)", [[...workers], SILENCE]));
  // A job is locked by the pool that its worker belongs to.
  events.on("pool:create", ({ workerPool }) => {
    workers.add(workerPool.id);
    beat();
  });
  // Also when they stop while the process lives on. Without the farewell they are taken for dead a little later.
  events.on("pool:release", ({ workerPool }) => {
    workers.delete(workerPool.id);
    report(() => pool.query("delete from queue_worker where worker_id = $1", [workerPool.id]));
  });
  const timer = setInterval(beat, HEARTBEAT_MS);
  return {
    async stop() {
      clearInterval(timer);
      await beating;
    },
  };
}
