import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { execPath } from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A program of ours in a process of its own. */
export interface Program extends AsyncDisposable {
  /** For messages. */
  child: ChildProcess;
  /** What all of its threads have had of the processors so far. */
  cpuMicros(): Promise<number>;
  residentBytes(): Promise<number>;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const START_TIMEOUT_MS = 60_000;

/** Starts a program, from the root of the repository, and waits until its port answers, if it has one. */
export async function startProgram(path: string, port: number | null, env: Record<string, string>): Promise<Program> {
  const child = spawn(execPath, [path], { cwd: ROOT, env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const proc = `/proc/${child.pid}`;
  try {
    if (port !== null) await answers(child, port);
  } catch (error) {
    await end(child);
    throw error;
  }
  return {
    child,
    async cpuMicros() {
      const threads = await readdir(`${proc}/task`);
      const times = await Promise.all(threads.map((thread) => readFile(`${proc}/task/${thread}/schedstat`, "utf8")));
      return times.reduce((sum, text) => sum + Number(text.split(" ", 1)[0]) / 1000, 0);
    },
    async residentBytes() {
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`${proc}/status`, "utf8")) ?? [];
      return Number(kilobytes) * 1024;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function answers(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const [event] = await Promise.race([
      once(socket, "connect").then(() => ["connect"]),
      once(socket, "error").then(
        () => ["error"],
        () => ["error"],
      ),
    ]).catch(() => ["error"]);
    socket.destroy();
    if (event === "connect") return;
    await delay(50);
  }
  throw new Error(`nothing answers on port ${port}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}
