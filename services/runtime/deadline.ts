import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { currentCall } from "./call-context.ts";
import { policyOf } from "./policy.ts";

/** Left to the caller of a call, to do something with the answer or to answer without it. */
const RESERVE_MS = 5;

/**
 * How long a call may take, in whole milliseconds (peers refuse fractions): what the contract says, or what is asked for
 * if that is less, and never more than what is left, less a reserve, of the call on whose behalf it is made. `undefined` is
 * no limit.
 *
 * Throws DEADLINE_EXCEEDED when nothing is left: to gRPC and Connect a timeout of zero means none at all.
 */
export function callTimeoutMs(method: DescMethod, askedMs: number | undefined): number | undefined {
  const { deadlineMs: contractsMs = Number.POSITIVE_INFINITY } = policyOf(method);
  const ownMs = Math.min(askedMs ?? contractsMs, contractsMs);
  const { deadlineMs } = currentCall() ?? {};
  const leftMs = deadlineMs === undefined ? Number.POSITIVE_INFINITY : deadlineMs - performance.now() - RESERVE_MS;
  const timeoutMs = Math.floor(Math.min(ownMs, leftMs));
  if (timeoutMs <= 0) {
    throw new ConnectError(`no time is left to call ${method.parent.typeName}/${method.name}`, Code.DeadlineExceeded);
  }
  return Number.isFinite(timeoutMs) ? timeoutMs : undefined;
}

/** The signal that ends a call: its own, and that of the call on whose behalf it is made. */
export function callSignal(own: AbortSignal | undefined): AbortSignal | undefined {
  const callers = currentCall()?.signal;
  if (own === undefined || callers === undefined || own === callers) return own ?? callers;
  return AbortSignal.any([own, callers]);
}
