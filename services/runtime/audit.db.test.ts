import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { type AuditEntry, writeAudit } from "./audit.ts";
import { runInCall } from "./call-context.ts";
import { instant, sql } from "./database.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";

const entry: AuditEntry = {
  caller: { subject: "ada", role: Role.OPERATOR, claims: {} },
  action: "CreateThing",
  entity: "thing",
  entityId: "b2",
  operatorId: "c0000000-0000-4000-8000-000000000000",
  requestId: "r1",
  traceId: null,
  detail: { from: Temporal.PlainDate.from("2030-05-01"), left: [1] },
  now: Temporal.Instant.from("2030-05-01T12:00:00Z"),
};

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
});
afterAll(() => t.close());

test("an entry says who did what to what, when, and by which request", async () => {
  await t.all.transaction((tx) => writeAudit(tx, entry));
  const row = z.object({ at: instant, operator_id: z.string(), detail: z.json() }).loose();
  expect(await t.all.one(sql.type(row)`select * from audit_log`)).toEqual({
    id: 1,
    at: entry.now,
    subject: "ada",
    role: "operator",
    action: "CreateThing",
    entity: "thing",
    entity_id: "b2",
    operator_id: entry.operatorId,
    request_id: "r1",
    trace_id: null,
    detail: { from: "2030-05-01", left: [1] },
    on_behalf_of: null,
  });
});

test("an entry of a service says on whose behalf it was", async () => {
  const service = { subject: "service:booking", role: Role.SERVICE, claims: {} };
  const call = { signal: new AbortController().signal, caller: service, onBehalfOf: entry.caller };
  await runInCall(call, () => t.all.transaction((tx) => writeAudit(tx, { ...entry, caller: service, entityId: "b3" })));
  const row = z.object({ subject: z.string(), on_behalf_of: z.string() });
  const found = sql.type(row)`select subject, on_behalf_of from audit_log where entity_id = 'b3'`;
  expect(await t.all.one(found)).toEqual({ subject: "service:booking", on_behalf_of: "ada" });
});

test("an entry goes with the change that it belongs to", async () => {
  const undone = t.all.transaction(async (tx) => {
    await writeAudit(tx, { ...entry, entityId: "undone" });
    throw new Error("undo");
  });
  await expect(undone).rejects.toThrow("undo");
  expect(await t.all.exists(sql.unsafe`select from audit_log where entity_id = 'undone'`)).toBe(false);
});

test.each([sql.unsafe`update audit_log set subject = 'eve'`, sql.unsafe`delete from audit_log`])(
  "the application cannot change what was written",
  async (statement) => {
    await expect(t.all.query(statement)).rejects.toMatchObject({ code: "42501" });
  },
);
