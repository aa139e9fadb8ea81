import { ConfigError } from "./config.ts";
import { collectGarbage, keepHeapSmall } from "./heap.ts";

const STOP_WITHIN_MS = 20_000;

/**
 * The life of a process: starts, and on SIGTERM or SIGINT, or when whoever started it over an IPC channel is gone, stops
 * and exits with 0. A start or stop that fails says why on standard error and exits with 1. `start` answers with what
 * stops it again.
 */
export async function runProcess(
  process: NodeJS.Process,
  name: string,
  start: () => Promise<() => Promise<void>>,
): Promise<void> {
  keepHeapSmall();
  let stop: (() => Promise<void>) | undefined;
  let stopping = false;
  const fail = (error: unknown): never => {
    process.stderr.write(`${name}: ${fault(error)}\n`);
    process.exit(1);
  };
  const onStop = (): void => {
    if (stopping) return;
    stopping = true;
    // While it still starts there is no call to lose.
    if (!stop) process.exit(0);
    // What hangs while closing must not keep an orphan alive.
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    stop().then(() => process.exit(0), fail);
  };
  process.on("SIGTERM", onStop);
  process.on("SIGINT", onStop);
  process.on("disconnect", onStop);
  stop = await start().catch(fail);
  collectGarbage();
}

function fault(error: unknown): string {
  if (error instanceof ConfigError) return `the environment does not fit:\n${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
