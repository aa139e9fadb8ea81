import { EventEmitter } from "node:events";
import type { Client } from "@connectrpc/connect";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { Logger as QueueLogger, run, type WorkerEvents } from "graphile-worker";
import { Pool } from "pg";
import { z } from "zod";
import type { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { runInCall } from "../runtime/call-context.ts";
import { TIME_HEADER } from "../runtime/call-headers.ts";
import type { Logger } from "../runtime/logger.ts";
import { publishQueueMetrics } from "./queue-metrics.ts";
import { watchQueue } from "./queue-watchdog.ts";

const TASK = "issue_certificate";
const CONCURRENCY = 4;
/** Jobs are announced; this finds those that wait to be tried again. */
const POLL_INTERVAL_MS = 1000;

const payload = z.object({ purchase_id: z.guid(), context: z.record(z.string(), z.string()) });

type Certificates = Pick<Client<typeof CertificateService>, "issueCertificate">;

/** The queue while it is worked off. */
export interface CertificateJobs {
  /** Finishes the jobs under way. */
  stop(): Promise<void>;
}

/**
 * Works the queue off: each job asks the certificate service for a purchase's certificate. A job that fails is tried
 * again, later each time; one whose worker was killed is tried again when that worker has been silent for a while. A job
 * may run twice: issuing is idempotent by purchase.
 *
 * Brings the queue's own tables up to date first.
 */
export async function runCertificateJobs(options: {
  /** As the owner of the queue. */
  queueUrl: string;
  certificates: Certificates;
  logger: Logger;
}): Promise<CertificateJobs> {
  const { certificates, logger } = options;
  const pool = new Pool({
    connectionString: options.queueUrl,
    application_name: "booking-queue",
    max: CONCURRENCY + 2,
  });
  const broken = (error: Error): void => logger.warn({ err: error }, "a connection of the queue broke");
  // A connection can break in the pool and out of it.
  pool.on("error", broken);
  pool.on("connect", (client) => client.on("error", broken));
  const events = new EventEmitter() as EventEmitter & WorkerEvents;
  publishQueueMetrics(pool, logger);
  const watchdog = watchQueue(pool, events, logger);
  const runner = await run({
    pgPool: pool,
    events,
    concurrency: CONCURRENCY,
    pollInterval: POLL_INTERVAL_MS,
    noHandleSignals: true,
    logger: queueLogger(logger),
    taskList: {
      [TASK]: async (unchecked, { abortSignal }) => {
        const job = payload.parse(unchecked);
        const signal = abortSignal ?? new AbortController().signal;
        await inTraceOf(job.context, () => issue(certificates, job.purchase_id, job.context, signal));
      },
    },
  });
  return {
    async stop() {
      await runner.stop();
      await watchdog.stop();
      await pool.end();
    },
  };
}

async function issue(
  certificates: Certificates,
  purchaseId: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const pretendedTime = headers[TIME_HEADER];
  const call = { signal, ...(pretendedTime === undefined ? {} : { pretendedTime }) };
  await runInCall(call, () => certificates.issueCertificate({ requestId: purchaseId, purchaseId }));
}

async function inTraceOf(headers: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const parent = propagation.extract(context.active(), headers);
  const span = trace.getTracer("cadre").startSpan(TASK, { kind: SpanKind.CONSUMER }, parent);
  try {
    await context.with(trace.setSpan(parent, span), work);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

function queueLogger(logger: Logger): QueueLogger {
  return new QueueLogger(() => (level, message, meta) => {
    const write = level === "error" ? "error" : level === "warning" ? "warn" : "debug";
    logger[write]({ queue: meta }, message);
  });
}
