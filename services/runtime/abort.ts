import { getAbortSignalReason } from "@connectrpc/connect/protocol";

/**
 * Settles like the promise, unless the signal aborts first: then it rejects with the signal's reason. Unlike a race
 * against one long-lived promise it leaves nothing behind, however often it is called.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined); // Nobody else waits for it.
    return Promise.reject(getAbortSignalReason(signal));
  }
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(getAbortSignalReason(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
