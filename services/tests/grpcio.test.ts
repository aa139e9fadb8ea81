import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { file_grpc_health_v1_health } from "../../gen/grpc/health/v1/health_pb.ts";
import { file_grpc_reflection_v1_reflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { file_grpc_reflection_v1alpha_reflection } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { requireProgram } from "./debian-program.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("./call-with-grpcio.py", import.meta.url));

let mesh: Mesh;
beforeAll(async () => {
  requireProgram("python3-grpcio python3-protobuf", PYTHON, "-c", "import grpc, google.protobuf");
  mesh = await startMesh();
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

async function callFromPython(address: string, course: string): Promise<unknown> {
  const descriptors = create(FileDescriptorSetSchema, {
    file: [file_grpc_health_v1_health, file_grpc_reflection_v1_reflection, file_grpc_reflection_v1alpha_reflection].map(
      ({ proto }) => proto,
    ),
  });
  const env = { COURSE: course, TOKEN: await mesh.tokenAs(Role.ADMIN) };
  const python = spawn(PYTHON, [SCRIPT, address], { env });
  python.stdin.end(toBinary(FileDescriptorSetSchema, descriptors));
  const [found, complaint, [code]] = await Promise.all([
    text(python.stdout),
    text(python.stderr),
    once(python, "exit"),
  ]);
  if (code !== 0) throw new Error(complaint);
  return JSON.parse(found);
}

test.each([
  ["a service", () => mesh.addresses.booking],
  ["the gateway", () => new URL(mesh.gatewayUrl).host],
])("Python's gRPC finds out what %s offers and who may call it, and calls it", async (whom, address) => {
  const found = await callFromPython(address(), `Python for ${whom}`);
  const services = expect.arrayContaining([
    "cadre.booking.v1.CourseService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
  ]);
  expect(found).toMatchObject({
    services: { v1: services, v1alpha: services },
    health: 1,
    create_course: { roles: ["ROLE_ADMIN"] },
    course: { name: `Python for ${whom}`, sessionCount: 30, sessionMinutes: 45 },
    refused: { code: "UNAUTHENTICATED", says_why: true },
  });
});
