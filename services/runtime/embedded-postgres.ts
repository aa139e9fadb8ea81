import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile, stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join, resolve } from "node:path";
import { pid } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { initialise, takeOver } from "./postgres-data-folder.ts";
import { findPrograms, spawnProgram } from "./postgres-programs.ts";
import { outputError, PostgresStartError, portTaken } from "./postgres-start-error.ts";

/** Long, because a server that was killed first replays its log. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;

/**
 * Becomes Postgres after leaving behind a watcher that stops it when this process is gone, however it went: the pipe
 * then ends without the line that says that Postgres has gone by itself. Forked twice, lest Postgres finds in the
 * watcher a child that it does not know.
 */
const WATCHED = `
  exec 3<&0 </dev/null
  ( ( read -r _ <&3 || kill -INT $$ ) >/dev/null 2>&1 & )
  exec "$@" 3<&-
`;

export interface PostgresOptions {
  /** The data folder, made when it is not there. */
  directory: string;
  /** 0 for any free one. */
  port: number;
  /** The superuser's, whose name is postgres. */
  password: string;
  /** Server settings, as in postgresql.conf. */
  settings?: Record<string, string>;
  /** Appended to. A file in the data folder if absent. */
  logFile?: string;
  /** Told what a person should know about the start. */
  onNotice?: (sentence: string) => void;
}

export interface EmbeddedPostgres {
  /** As the superuser. */
  url: string;
  port: number;
  /** Rejects with a PostgresStartError when the server has gone without being told to. */
  ended: Promise<never>;
  /** Ends every session and returns when the server has gone. */
  stop(): Promise<void>;
}

/**
 * Starts the Postgres that npm installed, on 127.0.0.1 alone, as whatever user this is. It is out of reach of the
 * terminal's Ctrl-C, so that who started it can stop it last, and stops when this process dies. What keeps it from
 * starting is thrown as a PostgresStartError.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  const programs = await findPrograms();
  await initialise(directory, options.password, programs);
  const notice = await takeOver(directory);
  if (notice) options.onNotice?.(notice);

  const port = await freePort(options.port);
  const logFile = options.logFile ?? join(directory, "postgres.log");
  const logStart = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
  const server = await launch(programs.postgres, { directory, port, logFile, settings: options.settings ?? {} });
  try {
    await ready(server, directory);
  } catch (error) {
    await end(server);
    if (error instanceof PostgresStartError) throw error;
    const output = (await readFile(logFile)).subarray(logStart).toString();
    throw outputError(output || String(error), { directory, port });
  }

  const url = `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`;
  try {
    await greet(url, directory);
  } catch (error) {
    await end(server);
    throw error;
  }
  const told = new AbortController();
  return {
    url,
    port,
    ended: endedByItself(server, { told: told.signal, logFile }),
    stop() {
      told.abort();
      return end(server);
    },
  };
}

async function freePort(port: number): Promise<number> {
  const probe = createServer();
  try {
    await once(probe.listen(port, "127.0.0.1"), "listening");
  } catch (error) {
    throw Error.isError(error) && "code" in error && error.code === "EADDRINUSE" ? portTaken(port) : error;
  }
  const address = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return address.port;
}

async function launch(
  postgres: string,
  {
    directory,
    port,
    logFile,
    settings,
  }: { directory: string; port: number; logFile: string; settings: Record<string, string> },
): Promise<ChildProcess> {
  const all = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    ...settings,
    "cadre.owner": String(pid),
  };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const log = await open(logFile, "a");
  try {
    const server = spawnProgram(["sh", "-c", WATCHED, "sh", postgres, "-D", directory, ...args], {
      detached: true,
      stdio: ["pipe", log.fd, log.fd],
    });
    server.once("exit", () => server.stdin?.end("gone\n"));
    server.stdin?.on("error", () => undefined);
    return server;
  } finally {
    await log.close();
  }
}

/** Resolves when the server has written into its lock file that it is ready; rejects when it has gone instead. */
async function ready(server: ChildProcess, directory: string): Promise<void> {
  const stopped = new AbortController();
  const gone = once(server, "exit", { signal: stopped.signal }).then(() => {
    throw new Error("Postgres has stopped again.");
  });
  const up = async () => {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!stopped.signal.aborted && Date.now() < deadline) {
      const lines = (await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
      if (lines[0] === String(server.pid) && lines[7]?.trim() === "ready") return;
      await delay(20);
    }
    throw new PostgresStartError(`Postgres was not ready within ${START_TIMEOUT_MS / 1000} seconds.`);
  };
  try {
    await Promise.race([gone, up()]);
  } finally {
    stopped.abort();
    gone.catch(() => undefined);
  }
}

/** The folder may have been made with another password, which nothing else would tell before the first query. */
async function greet(url: string, directory: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === "28P01")) throw error;
    throw new PostgresStartError(`The data folder ${directory} was made with another password.`, { cause: error });
  } finally {
    await client.end();
  }
}

function endedByItself(
  server: ChildProcess,
  { told, logFile }: { told: AbortSignal; logFile: string },
): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined); // Whoever wants to know asks.
  const gone = (code: number | null, signal: NodeJS.Signals | null) => {
    if (told.aborted) return;
    const how = code === null ? `was ended by ${signal}` : `ended with code ${code}`;
    reject(new PostgresStartError(`Postgres ${how}; its log is ${logFile}.`));
  };
  if (server.exitCode !== null || server.signalCode !== null) gone(server.exitCode, server.signalCode);
  else server.once("exit", gone);
  return promise;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const gone = once(server, "exit");
  const impatience = setTimeout(() => server.kill("SIGQUIT"), STOP_TIMEOUT_MS);
  server.kill("SIGINT");
  await gone;
  clearTimeout(impatience);
}
