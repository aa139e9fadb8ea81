import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { spawnProgram } from "../runtime/postgres-programs.ts";
import { requireProgram } from "./debian-program.ts";

const PROGRAM = "/usr/sbin/pgbouncer";
const READY_WITHIN_MS = 10_000;

export interface PgBouncer extends AsyncDisposable {
  /** The same database by way of the pooler. */
  through(url: string): string;
}

/**
 * PgBouncer in transaction mode before the server of the addresses, with no more connections for a database and role
 * than `poolSize`: each transaction may run on another one.
 */
export async function startPgBouncer(urls: readonly string[], poolSize: number): Promise<PgBouncer> {
  requireProgram("pgbouncer", PROGRAM, "--version");
  const directory = await mkdtemp(join(tmpdir(), "cadre-pgbouncer-"));
  const port = await freePort();
  const { hostname, port: serverPort } = new URL(urls[0] ?? "");
  const users = urls
    .map((url) => new URL(url))
    .map(({ username, password }) => [username, decodeURIComponent(password)]);
  const config = join(directory, "pgbouncer.ini");
  const usersFile = join(directory, "users.txt");
  await writeFile(usersFile, users.map(([name, password]) => `"${name}" "${password}"\n`).join(""));
  await writeFile(
    config,
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${usersFile}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
`,
  );
  const child = spawnProgram([PROGRAM, config], { stdio: ["ignore", "ignore", "pipe"] });
  const said = child.stderr ? text(child.stderr) : Promise.resolve("");
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    await rm(directory, { recursive: true });
  };
  try {
    await Promise.race([
      answering(port),
      ended.then(async () => {
        throw new Error(`PgBouncer has ended: ${await said}`);
      }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    through(url) {
      const pooled = new URL(url);
      pooled.hostname = "127.0.0.1";
      pooled.port = String(port);
      return pooled.href;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function answering(port: number): Promise<void> {
  const signal = AbortSignal.timeout(READY_WITHIN_MS);
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const answers = await once(socket, "connect", { signal }).then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answers) return;
    await delay(20, undefined, { signal });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
