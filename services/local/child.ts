import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Readiness } from "../runtime/readiness.ts";
import type { ProcessPlan } from "./environments.ts";
import { StartError } from "./start-error.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;
const LOG_LINES_SHOWN = 20;

/** A process of the mesh, under way. */
export interface Child extends AsyncDisposable {
  /** As the system knows it; absent when it could not be started. */
  pid: number | undefined;
  /** Resolves when it answers /ready, and everything that it calls is there. */
  ready: Promise<void>;
  /** Rejects when it has ended without being told to, with its last words. */
  ended: Promise<never>;
}

export interface ChildOptions {
  /** Where its log goes, written anew; that of the run before is kept beside it, as .log.1. */
  logs: string;
  /** The program that runs it. */
  node: string;
  /** Kills it at once. */
  force: AbortSignal;
}

/** Starts a process out of reach of the terminal's Ctrl-C, which sees by the channel when this process is gone. Disposal stops it. */
export async function startChild(plan: ProcessPlan, { logs, node, force }: ChildOptions): Promise<Child> {
  const logFile = join(logs, `${plan.name}.log`);
  await rename(logFile, `${logFile}.1`).catch(() => undefined); // The first run has none.
  const log = await open(logFile, "w");
  const child = spawn(node, [plan.program], {
    cwd: ROOT,
    env: plan.env,
    detached: true,
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  await log.close();
  force.addEventListener("abort", () => child.kill("SIGKILL"));

  const stopped = new AbortController();
  const exit = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const ended = exit.then(async (): Promise<never> => {
    if (stopped.signal.aborted) return new Promise(() => {});
    throw await lastWords(plan.name, child, logFile);
  });
  ended.catch(() => {});
  return {
    pid: child.pid,
    ready: untilReady(plan, stopped.signal),
    ended,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await stop(child, exit);
    },
  };
}

async function untilReady({ name, adminPort }: ProcessPlan, stopped: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  let state = "it does not answer";
  while (!stopped.aborted && performance.now() < deadline) {
    try {
      const response = await fetch(`http://127.0.0.1:${adminPort}/ready`, { signal: AbortSignal.timeout(2_000) });
      const body = await response.text();
      if (response.ok && lacksNothing(JSON.parse(body))) return;
      state = body.trim();
    } catch {
      // Nobody listens yet.
    }
    await delay(50);
  }
  if (!stopped.aborted) throw new StartError(`${name} was not ready within ${READY_WITHIN_MS / 1000} s: ${state}.`);
}

/** Whether nothing is away that it calls: a gateway is ready as soon as it has one service to serve. */
export function lacksNothing({ dependencies }: Readiness): boolean {
  return Object.values(dependencies).every((state) => state === "ok" || state === "degraded");
}

async function lastWords(name: string, { exitCode, signalCode }: ChildProcess, logFile: string): Promise<StartError> {
  const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n").slice(-LOG_LINES_SHOWN);
  const how = exitCode === null ? `was ended by ${signalCode ?? "nobody knows what"}` : `ended with code ${exitCode}`;
  return new StartError([...lines, `The ${name} process ${how}; its log is ${logFile}.`].join("\n"));
}

async function stop(child: ChildProcess, exit: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const impatience = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  child.kill("SIGTERM");
  await exit;
  clearTimeout(impatience);
}
