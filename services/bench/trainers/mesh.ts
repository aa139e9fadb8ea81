import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import { startPostgres } from "../../runtime/embedded-postgres.ts";
import type { ServiceBinding } from "../../runtime/implement.ts";
import { provisionService } from "../../runtime/provision.ts";
import { serve } from "../../runtime/serve.ts";
import { benchIssuer } from "../issuer.ts";
import { freePorts } from "../ports.ts";
import { type Program, startProgram } from "../program.ts";

/** The trainer service and the gateway as they run, each a process, on a Postgres that keeps its promises. */
export interface TrainerMesh extends AsyncDisposable {
  trainer: Program;
  trainerAddress: string;
  gatewayUrl: string;
  token: string;
  folder: string;
}

export const COURSES = ["Swimming", "Diving", "Driving", "Rowing"].map((name, index) => ({
  name,
  courseId: `0e000000-0000-7000-8000-00000000000${index}`,
}));

/** `extra` goes into the trainer service's environment. */
export async function startMesh(extra: Record<string, string> = {}): Promise<TrainerMesh> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cadre-bench-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const postgres = await startPostgres({ directory: join(folder, "data"), port: 0, password: "bench" });
  stack.defer(() => postgres.stop());
  const passwords = { ownerPassword: "bench", appPassword: "bench" };
  const database = await provisionService({ adminUrl: postgres.url, service: "trainer", ...passwords });

  const courses = await serve({
    services: [courseService()],
    interceptors: () => [],
    host: "127.0.0.1",
    port: 0,
    reflection: false,
  });
  stack.defer(() => courses.stop(0));

  const issuer = await benchIssuer(["trainer"]);
  const [trainerPort, trainerAdmin, gatewayPort, gatewayAdmin] = await freePorts();
  const shared = {
    PATH: env.PATH ?? "",
    TOKEN_ISSUER: issuer.issuer,
    TOKEN_JWKS: issuer.jwks,
    BOOKING_ADDRESS: `127.0.0.1:${courses.port}`,
    TRAINER_ADDRESS: `127.0.0.1:${trainerPort}`,
  };
  const trainer = stack.use(
    await startProgram("services/trainer/main.ts", trainerPort, {
      ...shared,
      SERVICE_KEY: issuer.serviceKeys.trainer ?? "",
      PORT: String(trainerPort),
      ADMIN_PORT: String(trainerAdmin),
      DATABASE_URL: database.databaseUrl,
      SERVICE_DATABASE_URL: database.serviceDatabaseUrl,
      MIGRATION_DATABASE_URL: database.migrationDatabaseUrl,
      ...extra,
    }),
  );
  stack.use(
    await startProgram("services/gateway/main.ts", gatewayPort, {
      ...shared,
      PORT: String(gatewayPort),
      ADMIN_PORT: String(gatewayAdmin),
    }),
  );
  const running = stack.move();
  return {
    trainer,
    trainerAddress: shared.TRAINER_ADDRESS,
    gatewayUrl: `http://127.0.0.1:${gatewayPort}`,
    token: issuer.token,
    folder,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Where the trainer service and the import ask for courses; booking has no part in what is measured. */
function courseService(): ServiceBinding {
  const impl: Partial<ServiceImpl<typeof CourseService>> = { listCourses: async () => ({ courses: COURSES }) };
  return { service: CourseService, impl: impl as Partial<ServiceImpl<DescService>> };
}
