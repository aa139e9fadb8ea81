import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { env, execPath } from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const BUF = createRequire(import.meta.url).resolve("@bufbuild/buf/bin/buf");
const GRPC = ["--protocol", "grpc", "--http2-prior-knowledge"];

let mesh: Mesh;
beforeAll(async () => {
  mesh = await startMesh();
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

async function bufCurl(...args: string[]): Promise<string> {
  const home = { PATH: env.PATH, HOME: env.HOME };
  const { stdout } = await promisify(execFile)(execPath, [BUF, "curl", ...args], { env: home });
  return stdout;
}

async function callAs(role: Role, url: string, request: unknown, ...flags: string[]): Promise<unknown> {
  const authorization = `authorization: Bearer ${await mesh.tokenAs(role)}`;
  return JSON.parse(await bufCurl(...flags, "--header", authorization, "--data", JSON.stringify(request), url));
}

test.each([
  ["a service", () => `http://${mesh.addresses.booking}`],
  ["the gateway", () => mesh.gatewayUrl],
])("buf curl lists and describes what %s serves, with no .proto at hand", async (_, url) => {
  const services = (await bufCurl(...GRPC, "--list-services", url())).trim().split("\n");
  expect(services).toEqual(expect.arrayContaining(["cadre.booking.v1.ZoneService", "grpc.health.v1.Health"]));
  const methods = (await bufCurl(...GRPC, "--list-methods", url())).trim().split("\n");
  expect(methods).toContain("cadre.booking.v1.ZoneService/LocateZone");
});

test("buf curl calls a service over gRPC, by reflection of either version", async () => {
  const url = `http://${mesh.addresses.trainer}/cadre.trainer.v1.FranchiseService/ListFranchises`;
  expect(await callAs(Role.ADMIN, url, {}, ...GRPC, "--reflect")).toEqual({});
  expect(await callAs(Role.ADMIN, url, {}, ...GRPC, "--reflect-protocol", "grpc-v1alpha")).toEqual({});
});

test("buf curl calls the gateway over Connect, gRPC and gRPC-Web, and sees the same course", async () => {
  const service = `${mesh.gatewayUrl}/cadre.booking.v1.CourseService`;
  const course = { requestId: "0198c0de-0000-7000-8000-000000000001", name: "Crawl", sessionMinutes: 30 };
  // Reflection is a stream in both directions, which takes HTTP/2.
  const http2 = ["--http2-prior-knowledge"];
  const created = await callAs(Role.ADMIN, `${service}/CreateCourse`, course, ...http2);
  expect(created).toMatchObject({ course: { name: "Crawl" } });

  for (const protocol of ["connect", "grpc", "grpcweb"]) {
    const listed = await callAs(Role.STUDENT, `${service}/ListCourses`, {}, "--protocol", protocol, ...http2);
    expect(listed).toMatchObject({ courses: [{ name: "Crawl", sessionCount: 30 }] });
  }
});

test("buf curl shows why a call was refused", async () => {
  const url = `${mesh.gatewayUrl}/cadre.trainer.v1.FranchiseService/GetFranchise`;
  const request = { franchiseId: "0198c0de-0000-7000-8000-00000000dead" };
  await expect(callAs(Role.ADMIN, url, request, "--http2-prior-knowledge")).rejects.toThrow(
    /"not_found".*There is no franchise.*google.rpc.ErrorInfo/s,
  );
});
