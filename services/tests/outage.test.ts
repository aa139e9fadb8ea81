import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const CHANGES_WITHIN_MS = 10_000;

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

test("a service that dies is named by the gateway, takes nobody down, and is back when it is back", async () => {
  const transport = mesh.transportAs(Role.ADMIN);
  const franchises = createClient(FranchiseService, transport);
  const courses = createClient(CourseService, transport);
  const health = createClient(Health, createGrpcTransport({ baseUrl: mesh.gatewayUrl }));
  const isServing = async (service: string) => (await health.check({ service })).status === ServingStatus.SERVING;
  await becomes("ok", { trainer: "ok", booking: "ok", certificate: "ok" });

  await mesh.kill("trainer");
  expect(await franchises.listFranchises({}).catch(ConnectError.from)).toMatchObject({ code: Code.Unavailable });
  expect(await courses.listCourses({})).toMatchObject({ courses: [] });
  await becomes("degraded", { trainer: "cannot be reached", booking: "ok", certificate: "ok" });
  const asked = ["", "booking", CourseService.typeName, "trainer", FranchiseService.typeName];
  expect(await Promise.all(asked.map(isServing))).toEqual([true, true, true, false, false]);

  await mesh.start("trainer");
  expect(await franchises.listFranchises({})).toMatchObject({ franchises: [] });
});

test("a service without its database does not serve, and the gateway's readiness names it", async () => {
  const { pathname } = new URL(mesh.adminUrls.trainer);
  const database = pathname.slice(1);
  const admin = new pg.Client({ connectionString: mesh.adminUrls.certificate });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => admin.end());
  await admin.connect();
  await admin.query(`alter database ${database} allow_connections false`);
  await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [database]);

  await becomes("degraded", { trainer: "does not serve", booking: "ok", certificate: "ok" });

  await admin.query(`alter database ${database} allow_connections true`);
  await becomes("ok", { trainer: "ok", booking: "ok", certificate: "ok" });
});

async function becomes(status: string, dependencies: Record<string, string>): Promise<void> {
  const tooLateMs = performance.now() + CHANGES_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${mesh.gatewayUrl}/ready`);
    const body = await response.json();
    const asTold = JSON.stringify(body) === JSON.stringify({ status, dependencies });
    if (response.status === 200 && asTold) return;
    if (performance.now() > tooLateMs) throw new Error(`it is still ${response.status} ${JSON.stringify(body)}`);
    await delay(100);
  }
}
