import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
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
  const readiness = async () => (await fetch(`${mesh.gatewayUrl}/ready`)).json();
  expect(await readiness()).toMatchObject({ dependencies: { trainer: "ok", booking: "ok", certificate: "ok" } });

  await mesh.kill("trainer");
  expect(await franchises.listFranchises({}).catch(ConnectError.from)).toMatchObject({ code: Code.Unavailable });
  expect(await courses.listCourses({})).toMatchObject({ courses: [] });
  expect(await readiness()).toMatchObject({ dependencies: { trainer: "cannot be reached", booking: "ok" } });

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

  await becomes(503, { trainer: "does not serve", booking: "ok", certificate: "ok" });

  await admin.query(`alter database ${database} allow_connections true`);
  await becomes(200, { trainer: "ok", booking: "ok", certificate: "ok" });
});

async function becomes(status: number, dependencies: Record<string, string>): Promise<void> {
  const tooLateMs = performance.now() + CHANGES_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${mesh.gatewayUrl}/ready`);
    const body = await response.json();
    if (response.status === status && JSON.stringify(body.dependencies) === JSON.stringify(dependencies)) return;
    if (performance.now() > tooLateMs) throw new Error(`it is still ${response.status} ${JSON.stringify(body)}`);
    await delay(100);
  }
}
