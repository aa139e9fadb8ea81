import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { type Mesh, startMesh } from "./mesh.ts";

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
