import { AsyncLocalStorage } from "node:async_hooks";
import type { Caller } from "./caller.ts";

/** What a call hands on to every call made on its behalf, whoever makes it and however deep. */
export interface CallContext {
  /** Aborted when the caller leaves or its deadline passes. */
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`; absent when the call may take for ever. */
  readonly deadlineMs?: number | undefined;
  /** The caller's `cadre-time` header: the instant that a development call pretends it to be. */
  readonly pretendedTime?: string | undefined;
  /** The services that the caller's certificate names; absent where none was asked for. */
  readonly peerServices?: (() => readonly string[]) | undefined;
  /** Who calls, from the moment on that it is proven: what is done for the call is done within the caller's rights. */
  caller?: Caller;
  /** Whose call it was that a calling service answers with this one; absent when it calls for itself. */
  onBehalfOf?: Caller;
  /** Proves to the services called from here on whose call it is that they help to answer. */
  callersToken?: string;
}

const storage = new AsyncLocalStorage<CallContext>();

/** The context of the call that is being handled, if the code runs on behalf of one. */
export function currentCall(): CallContext | undefined {
  return storage.getStore();
}

/** Runs `work` on behalf of a call. */
export function runInCall<T>(context: CallContext, work: () => T): T {
  return storage.run(context, work);
}

/**
 * Runs `work` that several calls wait for: it must not end, run out of time or be limited with the one that happened to
 * be the first. The pretended time stays; so does a `caller` whose rights all have who wait.
 */
export function runForAll<T>(work: () => T, caller?: Caller): T {
  const { signal } = new AbortController();
  const pretendedTime = currentCall()?.pretendedTime;
  const shared = { ...(pretendedTime === undefined ? {} : { pretendedTime }), ...(caller ? { caller } : {}) };
  return storage.run({ signal, ...shared }, work);
}
