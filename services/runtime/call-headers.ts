import type { CallContext } from "./call-context.ts";
import { withSignal } from "./call-end.ts";
import type { OpenCall } from "./handler-context.ts";

/** RFC 3339; see `developmentClock`. */
export const TIME_HEADER = "cadre-time";

/** The access token of the caller on whose behalf a service calls another. */
export const CALLER_HEADER = "cadre-caller";

/** What the call hands on to the calls made on its behalf, and what its connection proves. */
export function callContextOf(call: OpenCall, peerServices?: CallContext["peerServices"]): CallContext {
  const timeoutMs = call.timeoutMs();
  return withSignal({
    ending: call.ending,
    deadlineMs: timeoutMs === undefined ? undefined : performance.now() + timeoutMs,
    pretendedTime: call.requestHeader.get(TIME_HEADER) ?? undefined,
    peerServices,
  });
}
