import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { createGrpcTransport, type GrpcTransport } from "../runtime/grpc-transport.ts";
import { arbitraryMessage } from "./arbitrary-message.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const MESSAGES = 200;
const OURS = [Code.Internal, Code.Unknown, Code.DataLoss, Code.Unavailable, Code.DeadlineExceeded];

const SERVICES: [keyof Mesh["addresses"], DescService][] = [
  ["trainer", TrainerService],
  ["trainer", FranchiseService],
  ["booking", ZoneService],
  ["booking", CourseService],
  ["booking", StudentService],
  ["booking", BookingService],
  ["certificate", CertificateService],
];
const METHODS = SERVICES.flatMap(([name, service]) =>
  service.methods
    .filter(({ methodKind }) => methodKind === "unary")
    .map((method) => [`${service.name}/${method.name}`, name, method as DescMethodUnary] as const),
);

let mesh: Mesh;
let authorization: string;
const transports = new Map<string, GrpcTransport>();

beforeAll(async () => {
  mesh = await startMesh();
  authorization = `Bearer ${await mesh.tokenAs(Role.ADMIN)}`;
  for (const [name, address] of Object.entries(mesh.addresses)) transports.set(name, createGrpcTransport({ address }));
}, 120_000);
afterAll(async () => {
  for (const transport of transports.values()) transport.close();
  await mesh?.stop();
}, 60_000);

test.each(METHODS)(
  "nothing that a caller can send makes %s answer as if it were our fault",
  async (_, name, method) => {
    const transport = transports.get(name);
    if (!transport) throw new Error(`no transport to ${name}`);
    await fc.assert(
      fc.asyncProperty(arbitraryMessage(method.input), async (message) => {
        const error = await transport
          .unary(method, undefined, undefined, { authorization }, message)
          .then(() => undefined, ConnectError.from);
        if (error) expect(OURS.map((code) => Code[code])).not.toContain(Code[error.code]);
      }),
      { numRuns: MESSAGES }, // a failure prints its seed
    );
  },
  60_000,
);
