import { setTimeout as delay } from "node:timers/promises";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { ProgressDisplay } from "../demo/progress.ts";
import { createMinter } from "../runtime/tokens.ts";
import { announcement } from "./announcement.ts";
import { type Child, startChild } from "./child.ts";
import { compilePrograms } from "./compiled.ts";
import type { LocalConfig } from "./config.ts";
import { openServer, provisionAll } from "./databases.ts";
import { addressesOf, type Environment, planProcesses } from "./environments.ts";
import { claimFolder, prepareFolder } from "./folder.ts";
import { localIssuer } from "./issuer.ts";
import { loadDemo } from "./load-demo.ts";
import { assertFree, portsOf } from "./ports.ts";
import { readSecrets } from "./secrets.ts";

const TOKEN_LIFETIME_S = 8 * 3600;
const PATIENCE_MS = 10_000;
const REASON_WITHIN_MS = 2000;

export interface StartOptions {
  config: LocalConfig;
  /** What the processes inherit. */
  inherited: Environment;
  /** The program that runs them. */
  node: string;
  print: (line: string) => void;
  display: ProgressDisplay;
  /** Stops everything in order. */
  stop: AbortSignal;
  /** Ends everything at once. */
  force: AbortSignal;
}

/** Runs the whole mesh until it is told to stop, or until a part of it ends: then it throws. Leaves nothing running. */
export async function start(options: StartOptions): Promise<void> {
  const { config, print, stop } = options;
  await using running = new AsyncDisposableStack();
  const told = aborted(stop).then(() => {
    print("Stopping …");
  });

  const prepared = prepare(options, running);
  const mesh = await Promise.race([prepared, told]);
  if (!mesh) {
    // What has begun is stopped in order if it soon comes to where that is possible.
    await Promise.race([prepared.catch(() => undefined), delay(PATIENCE_MS)]);
    return;
  }
  const { children, issuer, logs, server } = mesh;
  const ended = Promise.race([server.ended, ...children.map((child) => child.ended)]);

  const minter = createMinter(issuer);
  const loaded = Promise.all(children.map((child) => child.ready))
    .then(() => loadDemo({ addresses: addressesOf(config), minter, print, display: options.display }))
    .catch(async (error: unknown) => {
      // A part that has died is the better reason, and may be heard of a moment later.
      await Promise.race([ended, delay(REASON_WITHIN_MS)]);
      throw error;
    });
  const company = await Promise.race([told, ended, loaded]);
  if (!company) return;

  const [zone] = company.zones;
  const token = await minter.mint({ subject: "local-admin", role: Role.ADMIN, lifetimeS: TOKEN_LIFETIME_S });
  const postgres = new URL(server.adminUrl).host;
  const place = zone?.centre ?? { latitude: 0, longitude: 0 };
  print(announcement({ config, postgres, logs, token, place }));
  await Promise.race([told, ended]);
}

/** Starts Postgres and the processes, and lays down in `running` how each is stopped. */
async function prepare({ config, print, stop, ...options }: StartOptions, running: AsyncDisposableStack) {
  const directory = config.CADRE_DIRECTORY;
  const logs = await prepareFolder(directory);
  running.use(await claimFolder(directory));
  await assertFree(portsOf(config));
  const secrets = await readSecrets(directory);
  const issuer = await localIssuer(directory);

  print(`Starting ${config.DATABASE_URL ? "" : "Postgres and "}four processes …`);
  const [server] = await Promise.all([openServer({ config, secrets, logs, print }), compilePrograms(options.node)]);
  running.defer(() => server.stop());
  const databases = await provisionAll(server.adminUrl, secrets.services);

  const children: Child[] = [];
  for (const plan of planProcesses({ config, secrets, issuer, databases, inherited: options.inherited })) {
    if (stop.aborted) break;
    children.push(running.use(await startChild(plan, { logs, node: options.node, force: options.force })));
  }
  return { children, issuer, logs, server };
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
