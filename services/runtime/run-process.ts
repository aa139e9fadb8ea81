import { ConfigError } from "./config.ts";
import { collectGarbage, collectYoungOnOneThread, keepHeapSmall } from "./heap.ts";

/** Calls under way get so long to finish. */
export const GRACE_MS = 10_000;
/** For closing what was open, once they have. */
const CLOSING_MS = 10_000;

/** A process that runs, and how it ends. */
export interface Started {
  /** How long it says that it stops before it does. */
  noticeMs: number;
  stop(): Promise<void>;
}

/**
 * The life of a process: starts, and on SIGTERM or SIGINT, or when whoever started it over an IPC channel is gone, stops
 * and exits with 0. A start or stop that fails says why on standard error and exits with 1.
 */
export async function runProcess(process: NodeJS.Process, name: string, start: () => Promise<Started>): Promise<void> {
  keepHeapSmall();
  collectYoungOnOneThread();
  let started: Started | undefined;
  let stopping = false;
  const fail = (error: unknown): never => {
    process.stderr.write(`${name}: ${fault(error)}\n`);
    process.exit(1);
  };
  const onStop = (): void => {
    if (stopping) return;
    stopping = true;
    // While it still starts there is no call to lose.
    if (!started) process.exit(0);
    // What hangs while closing must not keep an orphan alive.
    setTimeout(() => process.exit(1), started.noticeMs + GRACE_MS + CLOSING_MS).unref();
    started.stop().then(() => process.exit(0), fail);
  };
  process.on("SIGTERM", onStop);
  process.on("SIGINT", onStop);
  process.on("disconnect", onStop);
  started = await start().catch(fail);
  collectGarbage();
}

function fault(error: unknown): string {
  if (error instanceof ConfigError) return `the environment does not fit:\n${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
