import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import {
  create,
  type DescField,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  toJsonString,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role, RoleSchema } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { openBackends } from "../gateway/backends.ts";
import type { ServiceName } from "../local/services.ts";
import { policyOf, roleName } from "../runtime/policy.ts";
import { type ChangeExample, COMPANY, changeExamples } from "./change-examples.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const CLAIMS = { operator_id: randomUUID(), trainer_id: randomUUID(), student_id: randomUUID() };
const ROLES = RoleSchema.values.map(({ number }) => number as Role).filter((role) => role !== Role.UNSPECIFIED);
const AFTERWARDS = new Date(Date.now() + 600 * 24 * 3_600_000).toISOString();
/** How long a stream is listened to that answers nothing by itself. */
const STREAM_MS = 3000;

/** Every method that is served, wherever it is. */
const METHODS = openBackends({
  TRAINER_ADDRESS: "127.0.0.1:1",
  BOOKING_ADDRESS: "127.0.0.1:1",
  CERTIFICATE_ADDRESS: "127.0.0.1:1",
}).flatMap(({ name, services, close }) => {
  close();
  return services.flatMap(({ methods, name: service }) =>
    methods.map((method) => [`${service}/${method.name}`, method, name as ServiceName] as const),
  );
});
const isRead = (method: DescMethod) => method.idempotency === IdempotencyLevel.NO_SIDE_EFFECTS;
const changesFor = (role: Role) => METHODS.filter(([, method]) => policyOf(method).roles.has(role) && !isRead(method));
const readsFor = (role: Role) => METHODS.filter(([, method]) => policyOf(method).roles.has(role) && isRead(method));

/** A student is not tied to one operator: each of them may add, see and change it. */
const OF_ALL_OPERATORS = "StudentService/";

/** A lesson must have begun. */
const LATER = ["BookingService/CompleteSession", "BookingService/MarkNoShow"];

let mesh: Mesh;
let backends: ReturnType<typeof openBackends>;
let examples: Record<string, ChangeExample>;
/** Ids of the company's things, by the names that requests have for them. */
let companys: Record<string, string>;
/** What only the company may read. */
let secrets: string[];
/** Of these, what trainers and students may know: where lessons are given. */
let zonesOwn: string[];

beforeAll(async () => {
  mesh = await startMesh();
  const { trainer, booking, certificate } = mesh.addresses;
  const addresses = { TRAINER_ADDRESS: trainer, BOOKING_ADDRESS: booking, CERTIFICATE_ADDRESS: certificate };
  backends = openBackends(addresses);
  examples = await changeExamples(
    mesh.transportAs(Role.ADMIN),
    mesh.transportAs(Role.OPERATOR, { operator_id: COMPANY }),
  );
  ({ companys, secrets, zonesOwn } = await companysThings());
}, 120_000);
afterAll(async () => {
  for (const { close } of backends ?? []) close();
  await mesh?.stop();
}, 60_000);

describe.each(METHODS)("%s", (_, method, where) => {
  const policy = policyOf(method);

  test(policy.anyone ? "needs no token" : "needs a token", async () => {
    const outcome = await knock(where, method, {});
    if (policy.anyone) expect(outcome).not.toMatch(/TOKEN|ROLE/);
    else expect(outcome).toBe("Unauthenticated TOKEN_MISSING");
    if (!policy.anyone) {
      expect(await knock(where, method, { authorization: "Bearer e30.e30.e30" })).toBe("Unauthenticated TOKEN_INVALID");
    }
  });

  test.each(ROLES.map((role) => [roleName(role), role] as const))("is for %s as the contract says", async (_, role) => {
    const outcome = await knock(where, method, await headersAs(role, CLAIMS));
    if (policy.anyone || policy.roles.has(role)) expect(outcome).not.toMatch(/TOKEN|ROLE_NOT_ALLOWED/);
    else expect(outcome).toBe("PermissionDenied ROLE_NOT_ALLOWED");
  });
});

test.each(changesFor(Role.OPERATOR))(
  "%s is carried out for the operator whose things it is about",
  async (name, method, where) => {
    const message = create(method.input, { ...(await examples[name]?.()), requestId: randomUUID() });
    const laterIfDone = LATER.includes(name) ? AFTERWARDS : new Date().toISOString();
    const header = { ...(await headersAs(Role.OPERATOR, { operator_id: COMPANY })), "cadre-time": laterIfDone };
    const outcome = await call(where, method, message, header);
    expect(outcome).toMatch(/^\{/);
    expect(outcome).not.toContain("faults");
  },
  60_000,
);

describe.each([
  ["franchise", Role.OPERATOR],
  ["trainer", Role.TRAINER],
  ["student", Role.STUDENT],
] as const)("as the wrong %s", (_, role) => {
  const changes = changesFor(role).filter(([name]) => role !== Role.OPERATOR || !name.startsWith(OF_ALL_OPERATORS));

  test.each(changes)(
    "%s changes nothing of the company's",
    async (name, method, where) => {
      const example = examples[name];
      if (!example) throw new Error(`${name} has no example in change-examples.ts: add one.`);
      const message = create(method.input, { ...(await example()), requestId: randomUUID() });
      await certificatesDone();
      const before = await companysRows();
      const outcome = await call(where, method, message, await headersAs(role, CLAIMS));
      // An import answers, and refuses by the row.
      if (method.methodKind === "client_streaming") expect(outcome).toContain("OPERATOR_MISMATCH");
      else expect(outcome).toMatch(/^(NotFound|PermissionDenied) [A-Z_]+$/);
      expect(await companysRows()).toEqual(before);
    },
    60_000,
  );

  test.each(readsFor(role))("%s shows nothing of the company's", async (name, method, where) => {
    const message = create(
      method.input,
      name === "BookingService/PreviewPurchase" ? await examples["BookingService/BookPurchase"]?.() : filled(method),
    );
    const asked = toJsonString(method.input, message);
    const byAdmin = await call(where, method, message, await headersAs(Role.ADMIN));
    expect(byAdmin).not.toMatch(/^InvalidArgument/);
    const byStranger = await call(where, method, message, await headersAs(role, CLAIMS));
    const open = role === Role.OPERATOR ? [] : zonesOwn;
    const shown = secrets.filter((secret) => byStranger.includes(secret) && !asked.includes(secret));
    expect(shown.filter((secret) => !open.includes(secret))).toEqual([]);
    // A stream's bytes need not be words.
    if (method.methodKind === "server_streaming") {
      expect(byAdmin).toMatch(/^\{/);
      expect(byStranger).toMatch(/^(NotFound|PermissionDenied) [A-Z_]+$/);
    }
  });
});

/** The code and the reason of the refusal of an empty request, or what became of it. */
function knock(where: ServiceName, method: DescMethod, header: HeadersInit): Promise<string> {
  return call(where, method, create(method.input), header);
}

/** The answer, a stream's first one; or the refusal. */
async function call(
  where: ServiceName,
  method: DescMethod,
  message: ReturnType<typeof create>,
  header: HeadersInit,
): Promise<string> {
  const { transport } = backendOf(where);
  try {
    if (method.methodKind === "unary") {
      const answer = await transport.unary(method as DescMethodUnary, undefined, undefined, header, message);
      return toJsonString(method.output, answer.message);
    }
    const request = (async function* () {
      yield message;
    })();
    const answer = await transport.stream(method as DescMethodStreaming, undefined, STREAM_MS, header, request);
    for await (const first of answer.message) return toJsonString(method.output, first);
    return "answered";
  } catch (error) {
    return outcomeOf(error);
  }
}

function outcomeOf(error: unknown): string {
  const { code, ...refusal } = ConnectError.from(error);
  const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
  return `${Code[code]} ${info?.reason ?? refusal.rawMessage}`;
}

function backendOf(where: ServiceName) {
  const backend = backends.find(({ name }) => name === where);
  if (!backend) throw new Error(`there is no ${where}`);
  return backend;
}

async function headersAs(role: Role, claims: Record<string, string> = {}): Promise<HeadersInit> {
  return {
    authorization: `Bearer ${await mesh.tokenAs(role, { ...claims, sub: `${roleName(role)} ${randomUUID()}` })}`,
    "cadre-time": AFTERWARDS,
  };
}

/** A purchase of the company's, completed, with its certificate. */
async function companysThings() {
  const admin = mesh.transportAs(Role.ADMIN);
  const wish = await examples["BookingService/BookPurchase"]?.();
  const bookings = createClient(BookingService, admin);
  const { purchase, sessions, zone, trainer } = await bookings.bookPurchase({ ...wish, requestId: randomUUID() });
  const [session] = sessions;
  if (!purchase || !session || !zone || !trainer) throw new Error("the booking is empty");
  const later = { headers: { "cadre-time": AFTERWARDS } };
  await bookings.completeSession({ requestId: randomUUID(), sessionId: session.sessionId }, later);
  const { certificate } = await createClient(CertificateService, admin).issueCertificate(
    { requestId: randomUUID(), purchaseId: purchase.purchaseId },
    later,
  );
  if (!certificate) throw new Error("there is no certificate");
  return {
    companys: {
      purchase_id: purchase.purchaseId,
      purchase_ids: purchase.purchaseId,
      session_id: session.sessionId,
      decision_id: purchase.decisionId,
      trainer_id: trainer.trainerId,
      trainer_ids: trainer.trainerId,
      zone_id: zone.zoneId,
      course_id: purchase.courseId,
      student_id: purchase.studentId,
      operator_id: COMPANY,
      franchise_id: COMPANY,
      certificate_id: certificate.certificateId,
    },
    zonesOwn: [zone.zoneId, zone.name],
    secrets: [
      purchase.purchaseId,
      session.sessionId,
      purchase.decisionId,
      trainer.trainerId,
      trainer.name,
      zone.zoneId,
      zone.name,
      certificate.certificateId,
      certificate.number,
      certificate.code,
    ],
  };
}

/** A request about the company's things, as far as its fields are named after them. */
function filled(method: DescMethod): Record<string, unknown> {
  const known = method.input.fields.flatMap((field) => {
    const value = fieldValue(field);
    if (value === undefined) return [];
    return [field.oneof ? [field.oneof.localName, { case: field.localName, value }] : [field.localName, value]];
  });
  return Object.fromEntries(known.toReversed());
}

function fieldValue(field: DescField): unknown {
  if (field.name === "point" || field.name === "location") return { latitude: 50.08, longitude: 14.43 };
  if (field.name === "dates") return ["2030-01-07"];
  const id = companys[field.name];
  return id !== undefined && field.fieldKind === "list" ? [id] : id;
}

/** What the examples have completed brings certificates a moment later. */
async function certificatesDone(): Promise<void> {
  const client = new pg.Client({ connectionString: mesh.adminUrls.booking });
  await client.connect();
  for (;;) {
    const { rowCount } = await client.query("select from certificate_due limit 1");
    if (!rowCount) break;
    await setTimeout(50);
  }
  await client.end();
}

/** What the databases hold of the company's; what the services note and tidy up by themselves aside. */
async function companysRows(): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [service, url] of Object.entries(mesh.adminUrls)) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows: tables } = await client.query<{ name: string }>(`
      select table_name as name from information_schema.columns
      where table_schema = 'public' and column_name = 'operator_id'
        and table_name not in ('audit_log', 'certificate_due', 'trainer_change', 'search_count')
    `);
    for (const { name } of tables) {
      const { rows } = await client.query<{ digest: string }>(
        // A change gets its place from a service that tidies up.
        `select md5(string_agg(line, e'\\n' order by line)) as digest
         from (select (to_jsonb(t) - '{position,placed_at}'::text[])::text as line from ${name} t where operator_id = $1) as lines`,
        [COMPANY],
      );
      digests[`${service}.${name}`] = rows[0]?.digest ?? "";
    }
    if (service === "booking") {
      const { rows } = await client.query<{ digest: string }>(
        "select md5(string_agg(s::text, e'\\n' order by s::text)) as digest from student s",
      );
      digests.student = rows[0]?.digest ?? "";
    }
    await client.end();
  }
  return digests;
}
