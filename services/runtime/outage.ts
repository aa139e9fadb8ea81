import { Code, ConnectError } from "@connectrpc/connect";
import { isTooLarge } from "./message-limits.ts";

/** Codes with which a called service says "not now" rather than "no". */
const OUTAGES: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Aborted,
]);

/** Whether a call failed because the service could not answer just then. */
export function isOutage(error: unknown): boolean {
  return error instanceof ConnectError && OUTAGES.has(error.code) && !isTooLarge(error);
}
