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
  const beat = (): void => {
    beating = beating
      .then(() => pool.query("select worker_seen($1, $2)", [[...workers], SILENCE]))
      .then(
        () => undefined,
        (error: unknown) => logger.warn({ err: error }, "the queue's workers could not be reported as alive"),
      );
  };
  // A job is locked by the pool that its worker belongs to.
  events.on("pool:create", ({ workerPool }) => {
    workers.add(workerPool.id);
    beat();
  });
  const timer = setInterval(beat, HEARTBEAT_MS);
  return {
    async stop() {
      clearInterval(timer);
      await beating;
      // Without the farewell the workers are taken for dead a little later.
      await pool.query("delete from queue_worker where worker_id = any ($1)", [[...workers]]).catch(() => undefined);
    },
  };
}
