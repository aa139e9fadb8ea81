import { Code, ConnectError } from "@connectrpc/connect";
import { getAbortSignalReason } from "@connectrpc/connect/protocol";

/** The signal of one call. */
export interface LimitedSignal {
  readonly signal: AbortSignal;
  /** Aborts it and lets go of everything that it holds; the first reason counts. */
  end(reason: unknown): void;
}

/** Why the signal of a call that went well is aborted. Made once: an error costs 3 to 15 µs, with its stack. */
export const ENDED = new ConnectError("the call has ended", Code.Canceled);

/** A signal that is aborted with `outer`, or with DEADLINE_EXCEEDED after `timeoutMs`; `undefined` is no limit. */
export function limitedSignal(outer: AbortSignal | undefined, timeoutMs: number | undefined): LimitedSignal {
  const ending = new AbortController();
  const { signal } = ending;
  const expire = (): void => end(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  const follow = (): void => end(outer && getAbortSignalReason(outer));
  const timer = timeoutMs !== undefined && timeoutMs > 0 ? setTimeout(expire, timeoutMs) : undefined;

  function end(reason: unknown): void {
    clearTimeout(timer);
    outer?.removeEventListener("abort", follow);
    if (!signal.aborted) ending.abort(reason);
  }
  if (timeoutMs !== undefined && timeoutMs <= 0) expire();
  else if (outer?.aborted) follow();
  else outer?.addEventListener("abort", follow, { once: true });
  return { signal, end };
}
