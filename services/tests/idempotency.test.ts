import { randomUUID } from "node:crypto";
import { create, type DescMethodUnary, type DescService, toJson } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { ServiceName } from "../local/services.ts";
import { type ChangeExample, COMPANY, changeExamples } from "./change-examples.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const SERVICES: [ServiceName, DescService][] = [
  ["trainer", FranchiseService],
  ["trainer", TrainerService],
  ["booking", ZoneService],
  ["booking", CourseService],
  ["booking", StudentService],
  ["booking", BookingService],
  ["certificate", CertificateService],
];

/** Every unary method that changes something, by its contract. */
const CHANGES = SERVICES.flatMap(([where, service]) =>
  service.methods
    .filter(({ methodKind, idempotency }) => methodKind === "unary" && idempotency !== IdempotencyLevel.NO_SIDE_EFFECTS)
    .map((method) => [`${service.name}/${method.name}`, where, method as DescMethodUnary] as const),
);

/**
 * These bring a certificate to what booking's ledger says, which they read first, as the queue's job does: who comes
 * second changes nothing, and another request must be about another purchase that is there.
 */
const FROM_LEDGER = ["CertificateService/IssueCertificate", "CertificateService/ReconcileCertificate"];
/** A lesson must have begun. */
const LATER = ["BookingService/CompleteSession", "BookingService/MarkNoShow"];

let mesh: Mesh;
let admin: Transport;
let examples: Record<string, ChangeExample>;
beforeAll(async () => {
  mesh = await startMesh();
  admin = mesh.transportAs(Role.ADMIN);
  examples = await changeExamples(admin, mesh.transportAs(Role.OPERATOR, { operator_id: COMPANY }));
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

test.each(CHANGES)(
  "%s is carried out once: its twins get the one answer, and another request under its request_id is refused",
  async (name, where, method) => {
    expect(method.input.fields.map((field) => field.name)).toContain("request_id");
    const example = examples[name];
    if (!example) throw new Error(`${name} changes something and has no example in change-examples.ts: add one.`);
    const body = { ...(await example()), requestId: randomUUID() };
    const laterMs = Date.now() + 600 * 24 * 3_600_000;
    const headers: HeadersInit = LATER.includes(name) ? { "cadre-time": new Date(laterMs).toISOString() } : {};
    const call = async (request: Record<string, unknown>): Promise<unknown> => {
      const message = create(method.input, request);
      const answer = await admin.unary(method, undefined, undefined, headers, message);
      return toJson(method.output, answer.message);
    };

    const [first, ...twins] = await Promise.all([call(body), call(body), call(body)]);
    for (const twin of [...twins, await call(body)]) expect(twin).toEqual(first);

    const rows = await auditRows(where, body.requestId);
    expect(rows).toBeLessThanOrEqual(1);
    if (!FROM_LEDGER.includes(name)) expect(rows).toBe(1);

    const other = FROM_LEDGER.includes(name) ? { ...body, ...(await example()) } : otherThan(method, body);
    const refusal = await call(other).then(() => undefined, ConnectError.from);
    expect(refusal?.code).toBe(Code.Aborted);
    expect(refusal?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "REQUEST_ID_REUSED" }]);
    expect(await auditRows(where, body.requestId)).toBe(rows);
  },
  60_000,
);

/** The same but for one field: a name, a reason, or else whom it is about. */
function otherThan(method: DescMethodUnary, body: Record<string, unknown>): Record<string, unknown> {
  for (const field of ["name", "reason", "note"]) {
    if (typeof body[field] === "string") return { ...body, [field]: `${body[field]} Or not.` };
  }
  if (Array.isArray(body.reassignments))
    return { ...body, reassignments: [{ ...body.reassignments[0], etag: "other" }] };
  const id = method.input.fields.find(({ name }) => name.endsWith("_id") && name !== "request_id");
  if (!id) throw new Error(`${method.name} has no field to make another request with`);
  return { ...body, [id.localName]: randomUUID() };
}

async function auditRows(where: ServiceName, requestId: string): Promise<number> {
  const client = new pg.Client({ connectionString: mesh.adminUrls[where] });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>(
      "select count(*)::int as count from audit_log where request_id = $1",
      [requestId],
    );
    return rows[0]?.count ?? 0;
  } finally {
    await client.end();
  }
}
