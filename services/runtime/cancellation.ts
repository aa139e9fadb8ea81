import { setTimeout as delay } from "node:timers/promises";
import { getAbortSignalReason } from "@connectrpc/connect/protocol";
import { currentCall } from "./call-context.ts";

/** A statement on its way to the database. */
export interface RunningStatement<T> {
  text: string;
  run: () => Promise<T>;
  /** Asks the database to cancel what the connection runs; settles when the database has taken that in. */
  cancel: () => Promise<void>;
  /** Gives the connection up: what it runs fails. */
  drop: () => void;
}

/** From the first request to cancel it on; a database that is there is done in a moment. */
const SILENT_MS = 5000;

const FIRST_REPEAT_MS = 50;
const LONGEST_REPEAT_MS = 1000;

/** A transaction ends whatever became of its call; one that has begun to commit is let finish. */
const ENDS_TRANSACTION = /^\s*(commit|rollback)\b/i;
const UNDOES = /^\s*rollback\b/i;

/**
 * Runs a statement on behalf of a call: once the call's signal aborts, the statement is cancelled in the database, and
 * no other but a rollback begins. What ends that way throws the signal's reason. A connection that answers neither is
 * dropped: its host may have vanished without a word, which TCP notices after many minutes.
 *
 * Does not settle before the database has taken in every cancel request: one that is late would hit whatever the
 * connection carries next, be it another caller's. And it repeats them, since one that comes before its statement has
 * begun is forgotten.
 */
export async function runStatement<T>(
  { text, run, cancel, drop }: RunningStatement<T>,
  signal: AbortSignal | undefined,
  longestMs?: number,
): Promise<T> {
  if (signal === undefined || UNDOES.test(text)) return answered(run, drop, longestMs);
  if (signal.aborted) throw getAbortSignalReason(signal);
  if (ENDS_TRANSACTION.test(text)) return answered(run, drop, longestMs);

  let finished: AbortController | undefined;
  let cancelling: Promise<void> | undefined;
  let dropping: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    dropping = setTimeout(drop, SILENT_MS);
    finished = new AbortController();
    cancelling = cancelUntil(finished.signal, cancel);
    cancelling.catch(() => undefined); // It is awaited below.
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await answered(run, drop, longestMs);
  } catch (error) {
    throw signal.aborted && isCancelled(error) ? getAbortSignalReason(signal) : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    clearTimeout(dropping);
    finished?.abort();
    await cancelling;
  }
}

/** Whether the error is the end of the call on whose behalf the code runs, as `runStatement` throws it. */
export function hasEndedCall(error: unknown): boolean {
  const signal = currentCall()?.signal;
  return signal?.aborted === true && error === getAbortSignalReason(signal);
}

async function answered<T>(run: () => Promise<T>, drop: () => void, withinMs: number | undefined): Promise<T> {
  if (withinMs === undefined) return run();
  const timer = setTimeout(drop, withinMs);
  try {
    return await run();
  } finally {
    clearTimeout(timer);
  }
}

async function cancelUntil(finished: AbortSignal, cancel: () => Promise<void>): Promise<void> {
  for (let waitMs = FIRST_REPEAT_MS; !finished.aborted; waitMs = Math.min(2 * waitMs, LONGEST_REPEAT_MS)) {
    await cancel();
    await delay(waitMs, undefined, { signal: finished, ref: false }).catch(() => undefined);
  }
}

/** query_canceled */
function isCancelled(error: unknown): boolean {
  return Error.isError(error) && "code" in error && error.code === "57014";
}
