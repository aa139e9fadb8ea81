import { randomInt, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { type Child, lacksNothing, startChild } from "../local/child.ts";
import { type LocalConfig, localConfig } from "../local/config.ts";
import {
  addressesOf,
  type DatabaseUrls,
  type Environment,
  type ProcessPlan,
  planProcesses,
} from "../local/environments.ts";
import { localIssuer } from "../local/issuer.ts";
import { assertFree, portsOf } from "../local/ports.ts";
import { readSecrets, type Secrets } from "../local/secrets.ts";
import type { ServiceName } from "../local/services.ts";
import { provisionService } from "../runtime/provision.ts";
import { claimsOf } from "../runtime/testing/claims.ts";
import { testServerUrl } from "../runtime/testing/database.ts";
import { createMinter } from "../runtime/tokens.ts";
import { type PgBouncer, startPgBouncer } from "./pgbouncer.ts";

/** Below what the system gives to outgoing connections, which would take a port between the check and its use. */
const PORTS = { from: 20_000, to: 32_000 };
const TOKEN_LIFETIME_S = 3600;
const READY_WITHIN_MS = 10_000;

type FirstName = ServiceName | "gateway";
export type ProcessName = FirstName | `second ${FirstName}`;

/** Above those of the first. */
const SECOND_PORTS = 10;

export interface MeshOptions {
  /** Runs these twice; who calls them is told both addresses. */
  twice?: readonly FirstName[];
  /** Puts PgBouncer before the databases, with so many connections for each role of a service. */
  pooled?: number;
}

/** The services and the gateway, each a process of its own, on databases of their own. */
export interface Mesh {
  gatewayUrl: string;
  /** As gRPC resolves it: every gateway's. */
  gatewayAddress: string;
  /** "127.0.0.1:port" of each service's gRPC. */
  addresses: Record<ServiceName, string>;
  /** What each process has written to its log, as lines of JSON. */
  logOf(name: ProcessName): Promise<string[]>;
  /** What its admin port answers at /metrics. */
  metricsOf(name: ProcessName): Promise<string>;
  /** The memory that it has now. */
  residentBytesOf(name: ProcessName): Promise<number>;
  /** As superuser, on each service's database. */
  adminUrls: Record<ServiceName, string>;
  tokenAs(role: Role, claims?: Record<string, string>): Promise<string>;
  /** Connect to the gateway; calls carry a token of that role. */
  transportAs(role: Role, claims?: Record<string, string>): Transport;
  /** As a power failure would. */
  kill(name: ProcessName): Promise<void>;
  /** As whoever replaces it would: SIGTERM, and it finishes what it has. */
  end(name: ProcessName): Promise<void>;
  /** Starts a process again that was killed or ended, on the same port, and waits until the gateway has found it. */
  start(name: ProcessName): Promise<void>;
  /** Throws with the last lines of its log when a process has died by itself. */
  stop(): Promise<void>;
}

interface Running {
  child: Child;
  force: AbortController;
  /** Why it is no more, if it ended by itself. */
  death?: unknown;
}

/**
 * Starts what `npm start` starts, without its demonstration company, in the test run's Postgres. `extra` is told to every
 * process beside its own environment.
 */
export async function startMesh(extra: Environment = {}, { twice = [], pooled }: MeshOptions = {}): Promise<Mesh> {
  const directory = await mkdtemp(join(tmpdir(), "cadre-mesh-"));
  const config = await freePorts();
  const [issuer, secrets] = await Promise.all([localIssuer(directory), readSecrets(directory)]);
  const serverUrl = await testServerUrl();
  const direct = await provision(serverUrl, secrets);
  const pooler = pooled === undefined ? undefined : await startPgBouncer(applicationUrls(direct), pooled);
  const databases = pooler ? mapServices((name) => pooledUrls(direct[name], pooler)) : direct;
  const inherited = { PATH: env.PATH, HOME: env.HOME, LOG_LEVEL: "info", ...extra };
  const planned = planProcesses({ config, secrets, issuer, databases, inherited });
  const plans = new Map(withSeconds(planned, twice).map((plan) => [plan.name, plan]));
  const running = new Map<string, Running>();

  async function launch(plan: ProcessPlan): Promise<void> {
    const force = new AbortController();
    const child = await startChild(plan, { logs: directory, node: execPath, force: force.signal });
    const process: Running = { child, force };
    child.ended.catch((error: unknown) => {
      process.death = error;
    });
    running.set(plan.name, process);
    await Promise.race([child.ready, child.ended]);
  }
  function take(name: ProcessName): Running {
    const process = running.get(name);
    if (!process) throw new Error(`${name} does not run`);
    running.delete(name);
    return process;
  }
  async function stop(): Promise<void> {
    const deaths = [...running.values()].flatMap(({ death }) => death ?? []);
    await Promise.all([...running.values()].map(({ child }) => child[Symbol.asyncDispose]()));
    await pooler?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
    if (deaths.length > 0) throw deaths[0];
  }

  try {
    await Promise.all([...plans.values()].map(launch));
  } catch (error) {
    await stop().catch(() => undefined); // The error already says what died.
    throw error;
  }

  const minter = createMinter(issuer);
  const { TRAINER_ADDRESS, BOOKING_ADDRESS, CERTIFICATE_ADDRESS } = addressesOf(config);
  const gatewayUrl = `http://127.0.0.1:${config.PORT}`;
  const gateways = twice.includes("gateway") ? [config.PORT, config.PORT + SECOND_PORTS] : [config.PORT];
  const tokenAs = (role: Role, claims: Record<string, string> = {}) =>
    minter.mint({ subject: claims.sub ?? "tester", role, claims: claimsOf(role, claims), lifetimeS: TOKEN_LIFETIME_S });
  return {
    gatewayUrl,
    gatewayAddress: staticList(gateways),
    addresses: { trainer: TRAINER_ADDRESS, booking: BOOKING_ADDRESS, certificate: CERTIFICATE_ADDRESS },
    logOf: async (name) => (await readFile(join(directory, `${name}.log`), "utf8")).trimEnd().split("\n"),
    async metricsOf(name) {
      return (await fetch(`http://127.0.0.1:${plans.get(name)?.adminPort}/metrics`)).text();
    },
    async residentBytesOf(name) {
      const status = await readFile(`/proc/${running.get(name)?.child.pid}/status`, "utf8");
      return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
    adminUrls: mapServices((name) => onDatabase(serverUrl, databases[name])),
    tokenAs,
    transportAs: (role, claims) =>
      createConnectTransport({
        baseUrl: gatewayUrl,
        httpVersion: "1.1",
        interceptors: [
          (next) => async (request) => {
            request.header.set("authorization", `Bearer ${await tokenAs(role, claims)}`);
            return next(request);
          },
        ],
      }),
    async kill(name) {
      const process = take(name);
      process.force.abort();
      await process.child.ended.catch(() => undefined); // It was killed: that is no news.
      await process.child[Symbol.asyncDispose]();
    },
    async end(name) {
      await take(name).child[Symbol.asyncDispose]();
    },
    async start(name) {
      const plan = plans.get(name);
      if (!plan || running.has(name)) throw new Error(`${name} runs already`);
      await launch(plan);
      await gatewayReady(gatewayUrl);
    },
    stop,
  };
}

function withSeconds(plans: ProcessPlan[], twice: readonly string[]): ProcessPlan[] {
  const repeated = plans.filter(({ name }) => twice.includes(name));
  const lists = repeated.map(({ name, env }) => {
    const port = Number(env.PORT);
    return [`${name.toUpperCase()}_ADDRESS`, staticList([port, port + SECOND_PORTS])];
  });
  const seconds = repeated.map((plan): ProcessPlan => {
    const adminPort = plan.adminPort + SECOND_PORTS;
    const ports = { PORT: String(Number(plan.env.PORT) + SECOND_PORTS), ADMIN_PORT: String(adminPort) };
    return { ...plan, name: `second ${plan.name}`, adminPort, env: { ...plan.env, ...ports } };
  });
  const addresses = Object.fromEntries(lists);
  return [...plans, ...seconds].map((plan) => ({ ...plan, env: { ...plan.env, ...addresses } }));
}

/** How grpc-js is told several addresses at once. */
function staticList(ports: number[]): string {
  return `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(",")}`;
}

/** The gateway's channels notice by themselves, a moment after a service is back. */
async function gatewayReady(gatewayUrl: string): Promise<void> {
  const tooLate = AbortSignal.timeout(READY_WITHIN_MS);
  for (;;) {
    const response = await fetch(`${gatewayUrl}/ready`, { signal: tooLate });
    if (lacksNothing(await response.json())) return;
    await delay(50, undefined, { signal: tooLate });
  }
}

async function freePorts(): Promise<LocalConfig> {
  for (let attempt = 1; ; attempt++) {
    const first = randomInt(PORTS.from, PORTS.to);
    const config = localConfig.parse({
      PORT: first,
      TRAINER_PORT: first + 1,
      BOOKING_PORT: first + 2,
      CERTIFICATE_PORT: first + 3,
      GATEWAY_ADMIN_PORT: first + 100,
    });
    try {
      const ports = portsOf(config);
      await assertFree([...ports, ...ports.map((named) => ({ ...named, port: named.port + SECOND_PORTS }))]);
      return config;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

/** Databases that no other mesh of the test run shares. */
async function provision(adminUrl: string, secrets: Secrets): Promise<Record<ServiceName, DatabaseUrls>> {
  const mesh = `m${randomUUID().slice(0, 8)}`;
  const one = (name: ServiceName) => {
    const { ownerPassword, appPassword } = secrets.services[name];
    return provisionService({ adminUrl, service: `${mesh}_${name}`, ownerPassword, appPassword });
  };
  const [trainer, booking, certificate] = await Promise.all([one("trainer"), one("booking"), one("certificate")]);
  return { trainer, booking, certificate };
}

function applicationUrls(databases: Record<ServiceName, DatabaseUrls>): string[] {
  return Object.values(databases).flatMap(({ databaseUrl, serviceDatabaseUrl }) => [databaseUrl, serviceDatabaseUrl]);
}

/** What calls ask goes by way of the pooler; migrations and the queue, which listens, go past it. */
function pooledUrls(urls: DatabaseUrls, { through }: PgBouncer): DatabaseUrls {
  return { ...urls, databaseUrl: through(urls.databaseUrl), serviceDatabaseUrl: through(urls.serviceDatabaseUrl) };
}

function onDatabase(serverUrl: string, { databaseUrl }: DatabaseUrls): string {
  const url = new URL(serverUrl);
  url.pathname = new URL(databaseUrl).pathname;
  return url.href;
}

function mapServices<T>(of: (name: ServiceName) => T): Record<ServiceName, T> {
  return { trainer: of("trainer"), booking: of("booking"), certificate: of("certificate") };
}
