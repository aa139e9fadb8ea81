import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import pg from "pg";
import { BookingService } from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { type Random, randomOf } from "../../demo/random.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import { givenPurchases, type OpenPurchase } from "./purchases.ts";

/** What the run needs of a running mesh. */
export interface CrashMesh {
  adminUrls: Record<"booking" | "certificate", string>;
  addresses: Record<"booking", string>;
  tokenAs(role: Role): Promise<string>;
  kill(name: "booking" | "certificate"): Promise<void>;
  start(name: "booking" | "certificate"): Promise<void>;
}

export interface CrashPlan {
  seed: number;
  /** That are completed; a tenth as many more have one session open to the end. */
  purchases: number;
  sessions: number;
  kills: number;
  /** How many of the purchases get a second job beside their own. */
  duplicates: number;
}

export interface CrashOutcome {
  finished: number;
  certificates: number;
  numbers: number;
  /** Certificates of purchases with an open session. */
  early: number;
  /** Finished purchases without a certificate a minute after the last completion. */
  missing: number;
  /** From the last completion to the last certificate. */
  lastAfterMs: number;
}

const AT_ONCE = 8;
const MISSING_AFTER_MS = 60_000;
const CALL_TIMEOUT_MS = 5000;

/**
 * Completes purchases while the services are killed again and again, those that work the queue among them, and while some
 * jobs run twice and some too early; then counts.
 */
export async function crashRun(mesh: CrashMesh, plan: CrashPlan, print: (line: string) => void): Promise<CrashOutcome> {
  const random = randomOf(plan.seed, "crashes");
  print(`${plan.purchases} purchases, ${plan.kills} kills, seed ${plan.seed}`);
  const count = plan.purchases + Math.ceil(plan.purchases / 10);
  const given = await givenPurchases(mesh.adminUrls.booking, { count, sessions: plan.sessions });
  const open = given.slice(plan.purchases);
  const booking = new pg.Pool({ connectionString: mesh.adminUrls.booking, max: AT_ONCE });
  const certificate = new pg.Pool({ connectionString: mesh.adminUrls.certificate, max: 1 });
  const transport = createGrpcTransport({
    address: mesh.addresses.booking,
    interceptors: [bearer(await mesh.tokenAs(Role.ADMIN))],
  });
  try {
    for (const { purchaseId } of open) await addJob(booking, purchaseId);
    const bookings = createClient(BookingService, transport);
    await completeAll(given.slice(0, plan.purchases), { mesh, plan, random, bookings, booking, print });
    const completedMs = performance.now();
    const lastAfterMs = await untilIssued(certificate, plan.purchases, completedMs);
    return { finished: plan.purchases, lastAfterMs, ...(await countCertificates(certificate, given, plan)) };
  } finally {
    transport.close();
    await booking.end();
    await certificate.end();
  }
}

interface Run {
  mesh: CrashMesh;
  plan: CrashPlan;
  random: Random;
  bookings: Client<typeof BookingService>;
  booking: pg.Pool;
  print: (line: string) => void;
}

/** The kills fall between the completions, wherever chance puts them; the last one after the last completion. */
async function completeAll(purchases: readonly OpenPurchase[], run: Run): Promise<void> {
  const { mesh, plan, random, bookings, booking, print } = run;
  const killAt = new Set(random.sample([...purchases.keys()], plan.kills - 1));
  const twice = new Set(random.sample([...purchases.keys()], plan.duplicates));
  let next = 0;
  let killing = Promise.resolve();
  let kills = random.int(0, 1);
  const kill = (): void => {
    kills += 1;
    const name = kills % 2 === 0 ? "booking" : "certificate";
    killing = killing.then(async () => {
      print(`kill -9 ${name}, ${next} of ${purchases.length} completed or under way`);
      await mesh.kill(name);
      await mesh.start(name);
    });
  };
  const worker = async (): Promise<void> => {
    for (let index = next++; index < purchases.length; index = next++) {
      const purchase = purchases[index];
      if (!purchase) return;
      if (killAt.has(index)) kill();
      await complete(bookings, purchase.lastSessionId);
      if (twice.has(index)) await addJob(booking, purchase.purchaseId);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  kill();
  await killing;
}

/** Again and again under one request_id, until somebody answers. */
async function complete(bookings: Client<typeof BookingService>, sessionId: string): Promise<void> {
  const requestId = randomUUID();
  for (;;) {
    try {
      await bookings.completeSession({ requestId, sessionId }, { timeoutMs: CALL_TIMEOUT_MS });
      return;
    } catch (error) {
      const { code } = ConnectError.from(error);
      if (code !== Code.Unavailable && code !== Code.DeadlineExceeded && code !== Code.Canceled) throw error;
      await delay(50);
    }
  }
}

/** Without a key: it does not replace the one that there is, and both may run at once. */
async function addJob(booking: pg.Pool, purchaseId: string): Promise<void> {
  const payload = JSON.stringify({ purchase_id: purchaseId, context: {} });
  await booking.query("select graphile_worker.add_job('reconcile_certificate', payload => $1::json)", [payload]);
}

async function untilIssued(certificate: pg.Pool, count: number, sinceMs: number): Promise<number> {
  for (;;) {
    const { rows } = await certificate.query<{ count: number }>("select count(*)::int as count from certificate");
    const elapsedMs = performance.now() - sinceMs;
    if ((rows[0]?.count ?? 0) >= count || elapsedMs > MISSING_AFTER_MS) return elapsedMs;
    await delay(20);
  }
}

async function countCertificates(certificate: pg.Pool, given: readonly OpenPurchase[], { purchases }: CrashPlan) {
  const idsOf = (some: readonly OpenPurchase[]) => some.map(({ purchaseId }) => purchaseId);
  const { rows } = await certificate.query<Omit<CrashOutcome, "finished" | "lastAfterMs">>(
    `select
      count(*)::int as certificates,
      count(distinct number)::int as numbers,
      (count(*) filter (where purchase_id = any ($2)))::int as early,
      cardinality($1::uuid[]) - (count(*) filter (where purchase_id = any ($1)))::int as missing
    from certificate`,
    [idsOf(given.slice(0, purchases)), idsOf(given.slice(purchases))],
  );
  if (!rows[0]) throw new Error("a count without a row");
  return rows[0];
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}
