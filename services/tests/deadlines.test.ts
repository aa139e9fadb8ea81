import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const CHANGES_WITHIN_MS = 10_000;

let mesh: Mesh;
let trainerDatabase: pg.Client;
beforeAll(async () => {
  mesh = await startMesh();
  trainerDatabase = new pg.Client({ connectionString: mesh.adminUrls.trainer });
  await trainerDatabase.connect();
  // The first call of a chain takes longer than the deadlines below, on a busy machine.
  expect(await createZone({})).toMatchObject({ code: Code.NotFound });
}, 120_000);
afterAll(async () => {
  await trainerDatabase?.end();
  await mesh?.stop();
}, 60_000);

/** The statements of the trainer service that wait for the lock. */
async function waiting(): Promise<string[]> {
  const { rows } = await trainerDatabase.query<{ query: string }>(`
    select query from pg_stat_activity
    where datname = current_database() and application_name like 'trainer%' and wait_event_type = 'Lock'
  `);
  return rows.map(({ query }) => query);
}

/** A read that is hedged waits twice. */
async function until(some: "some wait" | "none waits"): Promise<void> {
  const tooLate = AbortSignal.timeout(CHANGES_WITHIN_MS);
  while ((await waiting()).length > 0 !== (some === "some wait")) await delay(10, undefined, { signal: tooLate });
}

/** The gateway calls booking, booking asks trainer for the franchise, trainer's database does not get to it. */
function createZone(options: { timeoutMs?: number; signal?: AbortSignal }) {
  const zones = createClient(ZoneService, mesh.transportAs(Role.ADMIN));
  const place = { centre: { latitude: 50.08, longitude: 14.43 }, radiusMeters: 1000, timeZone: "Europe/Prague" };
  const request = { requestId: randomUUID(), franchiseId: randomUUID(), name: "Prague", countryCode: "CZ", ...place };
  return zones.createZone(request, options).catch(ConnectError.from);
}

async function withFranchisesLocked(work: () => Promise<void>): Promise<void> {
  await trainerDatabase.query("begin; lock table franchise in access exclusive mode");
  try {
    await work();
  } finally {
    await trainerDatabase.query("rollback");
  }
}

test("a deadline given to the gateway stops the SQL of the service at the end of the chain", async () => {
  await withFranchisesLocked(async () => {
    const startMs = performance.now();
    const answer = createZone({ timeoutMs: 1500 });
    await until("some wait");
    expect(await answer).toMatchObject({ code: Code.DeadlineExceeded });
    expect(performance.now() - startMs).toBeLessThan(1500 + 1000);
    await until("none waits");
  });
  expect(await createZone({})).toMatchObject({ code: Code.NotFound });
});

test("a caller that leaves the gateway stops it too", async () => {
  await withFranchisesLocked(async () => {
    const leave = new AbortController();
    const answer = createZone({ signal: leave.signal });
    await until("some wait");
    leave.abort();
    expect(await answer).toMatchObject({ code: Code.Canceled });
    await until("none waits");
  });
});
