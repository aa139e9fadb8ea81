import type { HandlerContext } from "@connectrpc/connect";
import type { CallContext } from "./call-context.ts";

/** RFC 3339; see `developmentClock`. */
export const TIME_HEADER = "cadre-time";

/** The access token of the caller on whose behalf a service calls another. */
export const CALLER_HEADER = "cadre-caller";

/** What the call hands on to the calls made on its behalf, and what its connection proves. */
export function callContextOf(
  context: Pick<HandlerContext, "signal" | "timeoutMs" | "requestHeader">,
  peerServices?: CallContext["peerServices"],
): CallContext {
  const timeoutMs = context.timeoutMs();
  const pretendedTime = context.requestHeader.get(TIME_HEADER);
  return {
    signal: context.signal,
    ...(timeoutMs === undefined ? {} : { deadlineMs: performance.now() + timeoutMs }),
    ...(pretendedTime === null ? {} : { pretendedTime }),
    ...(peerServices ? { peerServices } : {}),
  };
}
