import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { geteuid, kill } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { type PostgresPrograms, runProgram } from "./postgres-programs.ts";
import { folderError, outputError, PostgresStartError } from "./postgres-start-error.ts";

const STOP_TIMEOUT_MS = 60_000;

/** Makes the data folder unless it is there. It appears whole or not at all, also when this is killed. */
export async function initialise(directory: string, password: string, { initdb }: PostgresPrograms): Promise<void> {
  if (await isInitialised(directory)) return;
  const unfinished = `${directory}.unfinished`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(dirname(directory), { recursive: true });
    await mkdir(unfinished, { mode: 0o700 });
    await runInitdb(initdb, unfinished, password);
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw folderError(directory, error);
  }
}

/**
 * Stops the server that a killed run left behind on the folder, and removes its lock file, which would be believed if
 * its process id has gone to another process since. Answers the sentence that says so, if there was such a server.
 */
export async function takeOver(directory: string): Promise<string | null> {
  const lockFile = join(directory, "postmaster.pid");
  const pid = Number.parseInt(await readFile(lockFile, "utf8").catch(() => ""), 10);
  if (!pid) return null;
  if (!(await servesFolder(pid, directory))) {
    await rm(lockFile, { force: true });
    return null;
  }
  const owner = await ownerOf(directory);
  if (owner && isAlive(owner)) {
    throw new PostgresStartError(`The data folder ${directory} is in use by process ${owner}: stop that first.`);
  }
  kill(pid, "SIGINT");
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      throw new PostgresStartError(
        `The Postgres (process ${pid}) that an earlier run left on ${directory} does not stop.`,
      );
    }
    await delay(20);
  }
  return `Stopped the Postgres (process ${pid}) that an earlier run had left behind.`;
}

async function isInitialised(directory: string): Promise<boolean> {
  let files: string[];
  try {
    files = await readdir(directory);
    const { uid } = await stat(directory);
    if (geteuid && uid !== geteuid()) {
      throw new PostgresStartError(`The data folder ${directory} belongs to another user (${uid}).`);
    }
  } catch (error) {
    if (Error.isError(error) && "code" in error && error.code === "ENOENT") return false;
    throw folderError(directory, error);
  }
  if (files.length > 0 && !files.includes("PG_VERSION")) {
    throw new PostgresStartError(`The folder ${directory} holds something else than a Postgres database.`);
  }
  return files.length > 0;
}

async function runInitdb(initdb: string, directory: string, password: string): Promise<void> {
  const secrets = await mkdtemp(join(tmpdir(), "cadre-"));
  try {
    const passwordFile = join(secrets, "password");
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    const options = ["--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync"];
    const { ok, output } = await runProgram([initdb, ...options, `--pgdata=${directory}`, `--pwfile=${passwordFile}`]);
    if (!ok) throw outputError(output, { directory, port: 0 });
  } finally {
    await rm(secrets, { recursive: true });
  }
}

/** Whether that process is a Postgres on that folder: process ids are used again. */
async function servesFolder(pid: number, directory: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(async () => {
    const { output } = await runProgram(["ps", "-o", "command=", "-p", String(pid)]);
    return output;
  });
  return command.replaceAll("\0", " ").includes(`postgres -D ${directory} `);
}

/** The process that started the server, which passed its id as a setting; Postgres keeps its arguments in a file. */
async function ownerOf(directory: string): Promise<number | null> {
  const options = await readFile(join(directory, "postmaster.opts"), "utf8").catch(() => "");
  const owner = /cadre\.owner=(\d+)/.exec(options)?.[1];
  return owner ? Number(owner) : null;
}

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return Error.isError(error) && "code" in error && error.code === "EPERM";
  }
}
