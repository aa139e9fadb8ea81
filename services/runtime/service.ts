import { randomUUIDv7 } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { z } from "zod";
import { untilAborted } from "./abort.ts";
import { startAdminServer } from "./admin-server.ts";
import { type Breaker, createBreaker } from "./breaker.ts";
import { runInCall } from "./call-context.ts";
import { type Clock, developmentClock, systemClock } from "./clock.ts";
import { assertProductionSafe, readConfig, type ServiceConfig } from "./config.ts";
import { type Database, openDatabase, sql } from "./database.ts";
import { openErrorTracker } from "./error-tracker.ts";
import { everyMinute } from "./every-minute.ts";
import { createGrpcTransport } from "./grpc-transport.ts";
import { forgetAnswers } from "./idempotency.ts";
import type { ServiceBinding } from "./implement.ts";
import { clientInterceptors, serverInterceptors } from "./interceptors.ts";
import { createLogger, type Logger } from "./logger.ts";
import { migrateService } from "./migrations.ts";
import { needingAll, type Readiness, readyUntil } from "./readiness.ts";
import { GRACE_MS, runProcess, type Started } from "./run-process.ts";
import { serve } from "./serve.ts";
import { serviceToken } from "./service-token.ts";
import { startTelemetry } from "./telemetry.ts";
import { tenantDatabase } from "./tenancy.ts";
import { readTls } from "./tls.ts";
import { createMinter, createVerifier } from "./tokens.ts";

/** What a service is given to build itself from. */
export interface ServiceParts<Config extends ServiceConfig> {
  config: Config;
  db: Database;
  now: Clock;
  /** A UUID, version 7: later ones sort later. */
  newId: () => string;
  /**
   * Opens a channel to another service, which is called in this service's own name, behind a breaker. `services` are
   * what is called there: calls are retried where their contract allows it.
   */
  connect: (dependency: string, address: string, services: readonly DescService[]) => Transport;
  logger: Logger;
  /** Aborted when the service begins to stop: a stream without an end of its own ends then. */
  stopping: AbortSignal;
  /** Run while stopping, after the last call has been answered; the last one given runs first. */
  onClose: (close: () => Promise<unknown>) => void;
}

export interface ServiceDefinition<Schema extends z.ZodType<ServiceConfig>> {
  name: string;
  config: Schema;
  migrations: URL;
  start: (parts: ServiceParts<z.output<Schema>>) => Promise<{ services: ServiceBinding[] }>;
}

/** The database ends every statement earlier by itself (`provision.ts`), unless it is not there any more. */
const LONGEST_STATEMENT_MS = 65_000;
const DATABASE = "database";
/** Less than those wait who ask how a service is. */
const DATABASE_ANSWERS_WITHIN_MS = 2000;

/**
 * The life of a service's process (see `runProcess`): reads the configuration, migrates, opens the database, serves; and
 * to stop takes no new call, finishes those under way and closes what it opened.
 */
export async function runService<Schema extends z.ZodType<ServiceConfig>>(
  process: NodeJS.Process,
  definition: ServiceDefinition<Schema>,
): Promise<void> {
  await runProcess(process, definition.name, () => startService(process.env, definition));
}

async function startService<Schema extends z.ZodType<ServiceConfig>>(
  env: NodeJS.ProcessEnv,
  { name, config: schema, migrations, start }: ServiceDefinition<Schema>,
): Promise<Started> {
  const config = readConfig(schema, env);
  assertProductionSafe(config);
  const logger = createLogger(name, config.LOG_LEVEL);
  const closers: (() => Promise<unknown>)[] = [];
  const onClose = (close: () => Promise<unknown>): void => {
    closers.unshift(close);
  };

  const telemetry = startTelemetry(name, env);
  onClose(telemetry.stop);
  const errors = await openErrorTracker({ dsn: config.SENTRY_DSN, service: name, environment: config.NODE_ENV });
  onClose(errors.stop);
  await migrateService(config.MIGRATION_DATABASE_URL, migrations);
  const limits = { maxConnections: config.DATABASE_CONNECTIONS, longestStatementMs: LONGEST_STATEMENT_MS };
  const db = tenantDatabase(
    await openDatabase(config.DATABASE_URL, { ...limits, applicationName: name }),
    await openDatabase(config.SERVICE_DATABASE_URL, { ...limits, applicationName: `${name}-service` }),
  );
  onClose(() => db.end());
  const unswept = (err: unknown): void => logger.error({ err }, "answers of yesterday cannot be forgotten");
  onClose(everyMinute(() => forgetAnswers(db.asService()), unswept));

  const minter = createMinter({ issuer: config.TOKEN_ISSUER, key: config.SERVICE_KEY });
  const ownToken = serviceToken(minter, name);
  const tls = await readTls(config);
  const breakers: Breaker[] = [];
  const connect = (dependency: string, address: string, called: readonly DescService[]): Transport => {
    const breaker = createBreaker(dependency);
    breakers.push(breaker);
    const interceptors = clientInterceptors(ownToken, breaker);
    const transport = createGrpcTransport({
      address,
      services: called,
      interceptors,
      ...tls?.channelTo(dependency),
    });
    onClose(async () => transport.close());
    return transport;
  };
  const now = config.DEVELOPMENT_CLOCK === "on" ? developmentClock : systemClock;
  const ending = new AbortController();
  const stopping = ending.signal;
  const { services } = await start({ config, db, now, newId: randomUUIDv7, connect, logger, stopping, onClose });

  const leaving = new AbortController();
  const ready = readyUntil(leaving.signal, readiness(db, breakers));
  const verifier = createVerifier({ issuer: config.TOKEN_ISSUER, jwks: config.TOKEN_JWKS });
  const inFlight = { maxCalls: config.MAX_CALLS_IN_FLIGHT, maxStreams: config.MAX_OPEN_STREAMS };
  const server = await serve({
    services,
    interceptors: (all) => serverInterceptors({ logger, errors, verifier, services: all, inFlight }),
    host: config.HOST,
    port: config.PORT,
    secure: tls?.server,
    ready,
    dependencies: [DATABASE, ...breakers.map(({ dependency }) => dependency)],
    reflection: config.NODE_ENV !== "production",
  });
  const admin = await startAdminServer({
    host: config.HOST,
    port: config.ADMIN_PORT,
    ready,
    serveMetrics: telemetry.serveMetrics,
  });
  logger.info({ port: server.port, admin_port: admin.port }, "serving");

  const stop = async (): Promise<void> => {
    logger.info("stopping");
    leaving.abort();
    server.leave();
    await delay(config.STOP_NOTICE_MS);
    ending.abort();
    await server.stop(GRACE_MS);
    await admin.close();
    // What cannot be closed must not keep the rest open.
    const failures: unknown[] = [];
    for (const close of closers) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  return { noticeMs: config.STOP_NOTICE_MS, stop };
}

function readiness(db: Database, breakers: Breaker[]): () => Promise<Readiness> {
  const databaseState = databaseStateOf(db);
  return async () => {
    const others = breakers.map(({ dependency, state }) => [dependency, state() === "closed" ? "ok" : "degraded"]);
    return needingAll({ [DATABASE]: await databaseState(), ...Object.fromEntries(others) });
  };
}

/** Asks one question at a time: those that a database leaves unanswered would take all connections. */
function databaseStateOf(db: Database): () => Promise<string> {
  let asking: Promise<unknown> | undefined;
  return async () => {
    const signal = AbortSignal.timeout(DATABASE_ANSWERS_WITHIN_MS);
    asking ??= runInCall({ signal }, () => db.query(sql.unsafe`select 1`)).finally(() => {
      asking = undefined;
    });
    try {
      await untilAborted(asking, signal);
      return "ok";
    } catch (error) {
      const silent = error instanceof Error && error.name === "TimeoutError";
      return error instanceof Error && !silent ? error.message : "does not answer";
    }
  };
}
