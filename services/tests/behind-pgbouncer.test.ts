import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { type Company, givenCompany } from "./company.ts";
import { type Mesh, startMesh } from "./mesh.ts";

/** Fewer than callers at once, so that they take turns on one connection. */
const POOL_SIZE = 2;
const CHANGES_WITHIN_MS = 10_000;

let mesh: Mesh;
let company: Company;
beforeAll(async () => {
  mesh = await startMesh({}, { pooled: POOL_SIZE });
  company = await givenCompany(mesh);
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

test("a purchase goes all the way to its certificate", async () => {
  const trainerId = await company.givenTrainer();
  const booked = await company.book("09:00");
  expect(booked.trainer?.trainerId).toBe(trainerId);
  await company.complete(booked);
  expect(await company.certificateOf(booked)).toMatchObject({ state: CertificateState.VALID, sessionCount: 30 });
});

test("callers who share a connection see each its own", async () => {
  await company.givenTrainer();
  const booked = await company.book("12:00");
  const { franchiseId } = company;
  const purchasesSeenBy = async (operator_id: string): Promise<number> => {
    const bookings = createClient(
      BookingService,
      mesh.transportAs(Role.OPERATOR, { operator_id, franchise_id: operator_id }),
    );
    return (await bookings.listPurchases({ pageSize: 100 })).purchases.length;
  };
  const operators = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? franchiseId : crypto.randomUUID()));
  const seen = await Promise.all(operators.map(purchasesSeenBy));
  expect(booked.purchase?.operatorId).toBe(franchiseId);
  expect(new Set(seen.filter((_, index) => index % 2 === 1))).toEqual(new Set([0]));
  expect(seen.filter((_, index) => index % 2 === 0).every((count) => count >= 1)).toBe(true);
});

test("a call past its deadline stops its own statement, and nobody else's", async () => {
  const { pathname } = new URL(mesh.adminUrls.booking);
  const database = new pg.Client({ connectionString: mesh.adminUrls.booking });
  await database.connect();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => database.end());
  const waiting = async (): Promise<number> => {
    const { rowCount } = await database.query(
      `select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock' and pid <> pg_backend_pid()`,
      [pathname.slice(1)],
    );
    return rowCount ?? 0;
  };
  const until = async (count: (waiting: number) => boolean): Promise<void> => {
    const tooLate = AbortSignal.timeout(CHANGES_WITHIN_MS);
    while (!count(await waiting())) await delay(10, undefined, { signal: tooLate });
  };

  await database.query("begin; lock table purchase in access exclusive mode");
  const late = company.bookings.listPurchases({}, { timeoutMs: 1000 }).catch(ConnectError.from);
  await until((waiting) => waiting > 0);
  expect(await late).toMatchObject({ code: Code.DeadlineExceeded });
  await until((waiting) => waiting === 0);
  await database.query("rollback");
  expect((await company.bookings.listPurchases({})).purchases.length).toBeGreaterThan(0);
});
