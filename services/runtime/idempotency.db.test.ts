import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseSchema } from "../../gen/cadre/trainer/v1/franchise_pb.ts";
import {
  CreateFranchiseRequestSchema,
  type CreateFranchiseResponse,
  FranchiseService,
} from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Caller } from "./caller.ts";
import { sql, type Transaction } from "./database.ts";
import { DomainError, type RefusalKind } from "./errors.ts";
import { forgetAnswers, once } from "./idempotency.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";

const NOON = Temporal.Instant.from("2020-05-01T12:00:00Z");
const ada: Caller = { subject: "ada", role: Role.ADMIN, claims: {} };
const bob: Caller = { subject: "bob", role: Role.ADMIN, claims: {} };

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
});
afterAll(() => t.close());

interface Call {
  requestId: string;
  name?: string;
  caller?: Caller;
  now?: Temporal.Instant;
}

type Work = (tx: Transaction, name: string) => Promise<Awaited<ReturnType<typeof insertThing>> | DomainError>;

/** Makes the thing, and answers with its name and how often it was made. */
function make(call: Call, work: Work = insertThing): Promise<CreateFranchiseResponse> {
  const { requestId, name = "North", caller = ada, now = NOON } = call;
  const request = create(CreateFranchiseRequestSchema, { requestId, name, countryCode: "DE" });
  const method = FranchiseService.method.createFranchise;
  return once(t.all, { method, caller, request, now }, (tx) => work(tx, `${requestId} ${caller.subject} ${name}`));
}

async function insertThing(tx: Transaction, name: string) {
  const row = z.object({ id: z.number() });
  const { id } = await tx.one(
    sql.type(row)`insert into thing (name) values (${`${name} ${crypto.randomUUID()}`}) returning id`,
  );
  return { franchise: { franchiseId: String(id), name } };
}

const things = (requestId: string) =>
  t.all.anyFirst(sql.type(z.object({ name: z.string() }))`
  select name from thing where name like ${`${requestId}%`}
`);

const kept = (requestId: string) => t.all.exists(sql.unsafe`select from idempotency where request_id = ${requestId}`);

test("a repeat gets the first answer and changes nothing", async () => {
  const requestId = crypto.randomUUID();
  const first = await make({ requestId });
  expect(await make({ requestId, now: NOON.add({ hours: 23 }) })).toEqual(first);
  expect(await things(requestId)).toHaveLength(1);
});

test("of twins at once one is carried out and both get its answer", async () => {
  const requestId = crypto.randomUUID();
  const answers = await Promise.all(Array.from({ length: 8 }, () => make({ requestId })));
  expect(new Set(answers.map(({ franchise }) => franchise?.franchiseId)).size).toBe(1);
  expect(await things(requestId)).toHaveLength(1);
});

test("a refusal that is returned keeps what was written about it, one that is thrown does not", async () => {
  const refusal = new DomainError("precondition", "NOT_TODAY", "Not today.");
  const [returned, thrown] = [crypto.randomUUID(), crypto.randomUUID()];
  const noted = async (tx: Transaction, name: string) => {
    await insertThing(tx, name);
    return refusal;
  };
  const undone = async (tx: Transaction, name: string) => {
    await insertThing(tx, name);
    throw refusal;
  };
  for (const _ of ["first", "repeat"]) {
    await expect(make({ requestId: returned }, noted)).rejects.toMatchObject({ reason: "NOT_TODAY" });
    await expect(make({ requestId: thrown }, undone)).rejects.toMatchObject({ reason: "NOT_TODAY" });
  }
  expect(await things(returned)).toHaveLength(1);
  expect(await things(thrown)).toEqual([]);
});

test("a refusal that carries a message of the contract is thrown through a transaction without delay", async () => {
  const details = [{ desc: PreconditionFailureSchema, value: { violations: [{ type: "DAY", description: "no" }] } }];
  const refusal = new DomainError("precondition", "NOT_TODAY", "Not today.", { details });
  const work = () => Promise.reject(refusal);
  const started = performance.now();
  await expect(make({ requestId: crypto.randomUUID() }, work)).rejects.toMatchObject({ reason: "NOT_TODAY" });
  expect(performance.now() - started).toBeLessThan(2000);
});

test("the same id with another body is refused", async () => {
  const requestId = crypto.randomUUID();
  await make({ requestId });
  await expect(make({ requestId, name: "South" })).rejects.toMatchObject({
    kind: "conflict",
    reason: "REQUEST_ID_REUSED",
  });
  expect(await things(requestId)).toHaveLength(1);
});

test("two callers may choose the same id", async () => {
  const requestId = crypto.randomUUID();
  const [one, other] = [await make({ requestId }), await make({ requestId, caller: bob })];
  expect(one).not.toEqual(other);
});

test("a refusal is an answer: its repeats get it whole, and what was written is gone", async () => {
  const requestId = crypto.randomUUID();
  const detail = { violations: [{ type: "QUOTA", subject: "north", description: "full" }] };
  const refusal = new DomainError("precondition", "FULL", "It is full.", {
    metadata: { left: "0" },
    violations: [{ path: "name", message: "is one too many" }],
    details: [
      { desc: PreconditionFailureSchema, value: detail },
      { desc: FranchiseSchema, value: { name: "North" } },
    ],
  });
  const first = make({ requestId }, async (tx, name) => {
    await insertThing(tx, name);
    throw refusal;
  });
  await expect(first).rejects.toBe(refusal);

  const repeat = await make({ requestId }).catch((error: unknown) => error);
  expect(repeat).toBeInstanceOf(DomainError);
  expect(repeat).toMatchObject({
    kind: "precondition",
    reason: "FULL",
    message: "It is full.",
    extras: {
      metadata: { left: "0" },
      violations: [{ path: "name", message: "is one too many" }],
      details: [
        { desc: PreconditionFailureSchema, value: detail },
        { desc: FranchiseSchema, value: { name: "North" } },
      ],
    },
  });
  expect(await things(requestId)).toEqual([]);
});

test.each<RefusalKind>(["unavailable", "exhausted"])(
  "that something is %s is not kept: a repeat tries again",
  async (kind) => {
    const requestId = crypto.randomUUID();
    const failing = make({ requestId }, async (tx, name) => {
      await insertThing(tx, name);
      throw new DomainError(kind, "NOT_NOW", "Not now.");
    });
    await expect(failing).rejects.toMatchObject({ reason: "NOT_NOW" });
    expect(await kept(requestId)).toBe(false);
    expect(await make({ requestId })).toMatchObject({ franchise: { name: `${requestId} ada North` } });
    expect(await things(requestId)).toHaveLength(1);
  },
);

test("a failure is not kept: a waiting twin tries for itself", async () => {
  const requestId = crypto.randomUUID();
  const claimed = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const failing = make({ requestId }, async () => {
    claimed.resolve();
    await released.promise;
    throw new TypeError("a bug");
  });
  await claimed.promise;
  const twin = make({ requestId });
  await twinWaits();
  released.resolve();
  await expect(failing).rejects.toThrow("a bug");
  expect(await twin).toMatchObject({ franchise: { name: `${requestId} ada North` } });
});

test("after 24 hours a request is answered anew, and what is older is swept away", async () => {
  const [old, older, recent] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const first = await make({ requestId: old });
  await make({ requestId: older, now: NOON.subtract({ hours: 1 }) });
  const now = Temporal.Now.instant();
  const kept24h = await make({ requestId: recent, now: now.subtract({ hours: 23 }) });

  expect(await make({ requestId: old, name: "South", now: NOON.add({ hours: 24 }) })).not.toEqual(first);
  expect(await things(old)).toHaveLength(2);
  await forgetAnswers(t.all);
  expect(await kept(older)).toBe(false);
  expect(await make({ requestId: recent, now })).toEqual(kept24h);
});

test("thousands of old answers go in one sweep, past one that somebody is at", async () => {
  const requestId = crypto.randomUUID();
  await make({ requestId });
  await t.all.query(sql.unsafe`
    insert into idempotency (subject, request_id, digest, answered_at)
    select 'old', gen_random_uuid(), '', now() - interval '25 hours' from generate_series(1, 2500)
  `);
  const other = new pg.Client({ connectionString: t.ownerUrl });
  await other.connect();
  await other.query("begin");
  await other.query("select from idempotency where request_id = $1 for update", [requestId]);
  await forgetAnswers(t.all);
  await other.end();
  expect(await t.all.exists(sql.unsafe`select from idempotency where subject = 'old'`)).toBe(false);
  expect(await kept(requestId)).toBe(true);
});

test("a call that pretends a later day makes nobody else's answer be forgotten", async () => {
  const requestId = crypto.randomUUID();
  const today = Temporal.Now.instant();
  const first = await make({ requestId, now: today });
  await make({ requestId: crypto.randomUUID(), now: today.add({ hours: 24 * 365 }) });
  await forgetAnswers(t.all);
  expect(await make({ requestId, now: today })).toEqual(first);
});

async function twinWaits(): Promise<void> {
  const waiting = sql.unsafe`
    select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into idempotency%'
  `;
  while (!(await t.all.exists(waiting)));
}
