import { metrics } from "@opentelemetry/api";
import type { Pool } from "pg";
import { z } from "zod";
import type { Logger } from "../runtime/logger.ts";

const counted = z.object({
  waiting: z.number(),
  running: z.number(),
  given_up: z.number(),
  oldest_s: z.number(),
});

/** Publishes how many jobs wait, run and have been given up, and how long the oldest has been due. Asked at each scrape. */
export function publishQueueMetrics(pool: Pool, logger: Logger): void {
  const meter = metrics.getMeter("cadre");
  const jobs = meter.createObservableGauge("cadre.queue.jobs", {
    unit: "{job}",
    description: "Jobs by state: waiting, running, or given up after the last attempt",
  });
  const age = meter.createObservableGauge("cadre.queue.oldest_age", {
    unit: "s",
    description: "How long the job that is due the longest has waited",
  });

  meter.addBatchObservableCallback(
    async (result) => {
      try {
        const { waiting, running, given_up, oldest_s } = await countJobs(pool);
        result.observe(jobs, waiting, { state: "waiting" });
        result.observe(jobs, running, { state: "running" });
        result.observe(jobs, given_up, { state: "given_up" });
        result.observe(age, oldest_s);
      } catch (error) {
        logger.warn({ err: error }, "the queue could not be counted");
      }
    },
    [jobs, age],
  );
}

async function countJobs(pool: Pool): Promise<z.output<typeof counted>> {
  const { rows } = await pool.query(`
    select
      (count(*) filter (where locked_at is null and attempts < max_attempts))::integer as waiting,
      (count(*) filter (where locked_at is not null))::integer as running,
      (count(*) filter (where locked_at is null and attempts >= max_attempts))::integer as given_up,
      greatest(
        extract(epoch from max(now() - run_at) filter (where locked_at is null and attempts < max_attempts)), 0
      )::double precision as oldest_s
    from graphile_worker.jobs
  `);
  return counted.parse(rows[0]);
}
