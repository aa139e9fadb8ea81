import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Client } from "@connectrpc/connect";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { Logger as QueueLogger, run, type Task, type WorkerEvents } from "graphile-worker";
import { Pool } from "pg";
import { z } from "zod";
import type { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { runInCall } from "../runtime/call-context.ts";
import { TIME_HEADER } from "../runtime/call-headers.ts";
import type { Logger } from "../runtime/logger.ts";
import { settler, sweepCertificates } from "./certificate-sweep.ts";
import { publishQueueMetrics } from "./queue-metrics.ts";
import { keepRunning } from "./queue-runner.ts";
import { watchQueue } from "./queue-watchdog.ts";

const TASK = "reconcile_certificate";
/** What jobs are called that an older version added. */
const OLD_TASK = "issue_certificate";
/** Jobs that are at work together share their reads, and as many more are fetched with them. */
const CONCURRENCY = 32;
/** Jobs that are done, or failed, are noted together. */
const NOTED_AFTER_MS = 20;
/** None is held for longer than a statement, but for the one that listens. */
const CONNECTIONS = 8;
/** Jobs are announced; this finds those that wait to be tried again. */
const POLL_INTERVAL_MS = 2000;

const preset = {
  worker: {
    concurrentJobs: CONCURRENCY,
    pollInterval: POLL_INTERVAL_MS,
    localQueue: { size: CONCURRENCY },
    completeJobBatchDelay: NOTED_AFTER_MS,
    failJobBatchDelay: NOTED_AFTER_MS,
  },
};

const payload = z.object({ purchase_id: z.guid(), context: z.record(z.string(), z.string()) });

type Job = z.output<typeof payload>;

type Certificates = Pick<Client<typeof CertificateService>, "reconcileCertificate">;

/** The queue while it is worked off. */
export interface CertificateJobs {
  /** Finishes the jobs under way. */
  stop(): Promise<void>;
}

/**
 * Works the queue off: each job has the certificate service bring a purchase's certificate to what the ledger says. A job
 * that fails is tried again, later each time; one whose worker was killed is tried again when that worker has been silent
 * for a while; one that got lost is added again. A job may run twice, or late: the later reading of the ledger counts.
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
    max: CONNECTIONS,
  });
  const broken = (error: Error): void => logger.warn({ err: error }, "a connection of the queue broke");
  // A connection can break in the pool and out of it.
  pool.on("error", broken);
  pool.on("connect", (client) => client.on("error", broken));
  const events = new EventEmitter() as EventEmitter & WorkerEvents;
  publishQueueMetrics(pool, logger);
  const watchdog = watchQueue(pool, events, logger);
  const settle = settler(pool);
  const reconcile: Task = async (unchecked, { abortSignal }) => {
    const job = payload.parse(unchecked);
    const signal = abortSignal ?? new AbortController().signal;
    const version = await inTraceOf(job.context, () => reconciled(certificates, job, signal));
    await settle({ purchaseId: job.purchase_id, version });
  };
  const start = () =>
    run({
      preset,
      pgPool: pool,
      events,
      noHandleSignals: true,
      logger: queueLogger(logger),
      taskList: { [TASK]: reconcile, [OLD_TASK]: reconcile },
      parsedCronItems: [],
    });
  const workers = await keepRunning(start, logger);
  const sweep = sweepCertificates(pool, logger);
  return {
    async stop() {
      await sweep.stop();
      await workers.stop();
      await watchdog.stop();
      await pool.end();
    },
  };
}

/** Answers with the version of the ledger that the certificate was brought to. */
async function reconciled(certificates: Certificates, job: Job, signal: AbortSignal): Promise<bigint> {
  const pretendedTime = job.context[TIME_HEADER];
  const call = { signal, ...(pretendedTime === undefined ? {} : { pretendedTime }) };
  const request = { requestId: randomUUID(), purchaseId: job.purchase_id };
  const { ledgerVersion } = await runInCall(call, () => certificates.reconcileCertificate(request));
  return ledgerVersion;
}

async function inTraceOf<T>(headers: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const parent = propagation.extract(context.active(), headers);
  const span = trace.getTracer("cadre").startSpan(TASK, { kind: SpanKind.CONSUMER }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work);
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
