import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import type { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { type Child, startChild } from "../../local/child.ts";
import { compilePrograms } from "../../local/compiled.ts";
import { localConfig } from "../../local/config.ts";
import { addressesOf, planProcesses } from "../../local/environments.ts";
import { localIssuer } from "../../local/issuer.ts";
import { readSecrets } from "../../local/secrets.ts";
import { SERVICES, type ServiceName } from "../../local/services.ts";
import { startPostgres } from "../../runtime/embedded-postgres.ts";
import { provisionService } from "../../runtime/provision.ts";
import { createMinter } from "../../runtime/tokens.ts";
import { freePorts } from "../ports.ts";
import type { CrashMesh } from "./crash-run.ts";

/** The three services as they run, each a process, on a Postgres that keeps its promises. */
export interface CertificatesMesh extends CrashMesh, AsyncDisposable {
  certificateAddress: string;
  trainerAddress: string;
  /** As superuser, on a database that nobody uses. */
  emptyUrl: string;
  pidOf(name: ServiceName): number;
}

export async function startMesh(): Promise<CertificatesMesh> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cadre-bench-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const settings = { max_connections: "200" };
  const postgres = await startPostgres({ directory: join(folder, "data"), port: 0, password: "bench", settings });
  stack.defer(() => postgres.stop());

  await compilePrograms(execPath);
  const [issuer, secrets] = await Promise.all([localIssuer(folder), readSecrets(folder)]);
  const provision = (service: ServiceName) =>
    provisionService({ adminUrl: postgres.url, service, ...secrets.services[service] });
  const [trainer, booking, certificate] = [
    await provision("trainer"),
    await provision("booking"),
    await provision("certificate"),
  ];
  const [TRAINER_PORT, BOOKING_PORT, CERTIFICATE_PORT, PORT] = await freePorts();
  const config = localConfig.parse({ PORT, TRAINER_PORT, BOOKING_PORT, CERTIFICATE_PORT });
  const inherited = { PATH: env.PATH, LOG_LEVEL: "warn" };
  const databases = { trainer, booking, certificate };
  const plans = planProcesses({ config, secrets, issuer, databases, inherited });
  const running = new Map<string, { child: Child; force: AbortController }>();
  stack.defer(async () => {
    await Promise.all([...running.values()].map(({ child }) => child[Symbol.asyncDispose]()));
  });

  async function start(name: string): Promise<void> {
    const plan = plans.find((one) => one.name === name);
    if (!plan) throw new Error(`there is no ${name}`);
    const force = new AbortController();
    const child = await startChild(plan, { logs: folder, node: execPath, force: force.signal });
    running.set(name, { child, force });
    await Promise.race([child.ready, child.ended]);
  }
  await Promise.all(SERVICES.map(start));

  const minter = createMinter(issuer);
  const { TRAINER_ADDRESS, BOOKING_ADDRESS, CERTIFICATE_ADDRESS } = addressesOf(config);
  const onDatabase = ({ databaseUrl }: { databaseUrl: string }) =>
    Object.assign(new URL(postgres.url), { pathname: new URL(databaseUrl).pathname }).href;
  const rest = stack.move();
  return {
    adminUrls: { booking: onDatabase(booking), certificate: onDatabase(certificate) },
    addresses: { booking: BOOKING_ADDRESS },
    certificateAddress: CERTIFICATE_ADDRESS,
    trainerAddress: TRAINER_ADDRESS,
    emptyUrl: postgres.url,
    tokenAs: (role: Role) => minter.mint({ subject: "bench", role, lifetimeS: 3600 }),
    pidOf: (name) => running.get(name)?.child.pid ?? 0,
    start,
    async kill(name) {
      const process = running.get(name);
      process?.force.abort();
      await process?.child.ended.catch(() => undefined); // It was killed: that is no news.
      await process?.child[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}
