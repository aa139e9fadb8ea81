import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type Transport } from "@connectrpc/connect";
import { Logger, run } from "graphile-worker";
import pg from "pg";
import { BookingService } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import { type Figure, rounded } from "../figure.ts";
import { paired } from "../paired.ts";
import type { CertificatesMesh } from "./mesh.ts";
import { givenPurchases } from "./purchases.ts";

/** As booking's own worker has them. */
const CONCURRENCY = 32;
const CONNECTIONS = 8;
const SESSIONS = 30;

/** Certificates a second beside jobs a second that do nothing, on the same server, each worked off as they were queued. */
export async function issuingRate(mesh: CertificatesMesh, count: number): Promise<Figure> {
  const { ours, theirs, ratio } = await paired(
    () => certificatesASecond(mesh, count),
    () => emptyJobsASecond(mesh.emptyUrl, count),
  );
  return {
    figure: "issued-a-second",
    ours: rounded(ours),
    theirs: rounded(theirs),
    unit: "1/s",
    ratio: rounded(ratio),
    must: 0.3,
    holds: ratio >= 0.3,
    note: `certificates of ${SESSIONS} sessions / empty jobs of graphile-worker, ${CONCURRENCY} at a time, ${count} queued at once`,
  };
}

/** From the answer to the last completion to the certificate that can be read, with nothing else to do. */
export async function idleLatency(mesh: CertificatesMesh, transport: Transport, count: number): Promise<Figure> {
  const bookings = createClient(BookingService, transport);
  const purchases = await givenPurchases(mesh.adminUrls.booking, { count, sessions: SESSIONS });
  const certificate = new pg.Client({ connectionString: mesh.adminUrls.certificate });
  await certificate.connect();
  const latencies: number[] = [];
  for (const { purchaseId, lastSessionId } of purchases) {
    await bookings.completeSession({ requestId: randomUUID(), sessionId: lastSessionId });
    const startMs = performance.now();
    const find = () => certificate.query("select from certificate where purchase_id = $1", [purchaseId]);
    while ((await find()).rowCount === 0) await delay(2);
    latencies.push(performance.now() - startMs);
  }
  await certificate.end();
  const p99 = quantile(latencies, 0.99);
  return {
    figure: "completion-to-certificate",
    ours: rounded(p99),
    theirs: null,
    unit: "ms, p99",
    ratio: rounded(p99),
    must: 500,
    holds: p99 < 500,
    note: `idle, ${count} one after another; p50 ${rounded(quantile(latencies, 0.5))} ms; ratio is ours`,
  };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Issues so many certificates, all queued at once. */
export async function certificatesASecond(mesh: CertificatesMesh, count: number): Promise<number> {
  const purchases = await givenPurchases(mesh.adminUrls.booking, { count, sessions: SESSIONS });
  const ids = purchases.map(({ purchaseId }) => purchaseId);
  const booking = new pg.Client({ connectionString: mesh.adminUrls.booking });
  const certificate = new pg.Client({ connectionString: mesh.adminUrls.certificate });
  await Promise.all([booking.connect(), certificate.connect()]);
  await booking.query("begin");
  await booking.query("set local session_replication_role = replica");
  await booking.query(
    `update session set state = 'completed', complete_time = end_time, completed_by = 'bench'
     where purchase_id = any ($1) and state = 'scheduled'`,
    [ids],
  );
  await booking.query(
    `update purchase set state = 'completed', completed_session_count = session_count, complete_time = now(),
       version = version + 1
     where purchase_id = any ($1)`,
    [ids],
  );
  await booking.query("select add_certificate_job(id, '{}') from unnest($1::uuid[]) id", [ids]);
  await booking.query("commit");
  const startMs = performance.now();
  const sql = "select count(*)::int as count from certificate where purchase_id = any ($1)";
  while ((await certificate.query<{ count: number }>(sql, [ids])).rows[0]?.count !== count) await delay(100);
  const seconds = (performance.now() - startMs) / 1000;
  await Promise.all([booking.end(), certificate.end()]);
  return count / seconds;
}

async function emptyJobsASecond(connectionString: string, count: number): Promise<number> {
  let done = 0;
  const { promise: allDone, resolve } = Promise.withResolvers<void>();
  const pgPool = new pg.Pool({ connectionString, max: CONNECTIONS });
  pgPool.on("error", () => undefined).on("connect", (client) => client.on("error", () => undefined));
  const runner = await run({
    pgPool,
    concurrency: CONCURRENCY,
    noHandleSignals: true,
    parsedCronItems: [],
    logger: new Logger(() => () => undefined),
    taskList: {
      empty: () => {
        done += 1;
        if (done === count) resolve();
      },
    },
  });
  await pgPool.query("select graphile_worker.add_job('empty') from generate_series(1, $1)", [count]);
  const startMs = performance.now();
  await allDone;
  const seconds = (performance.now() - startMs) / 1000;
  await runner.stop();
  await pgPool.end();
  return count / seconds;
}
