import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { CallEnd, withSignal } from "./call-end.ts";
import { HeaderMap } from "./header-map.ts";

/** The context of one call, as handlers and interceptors know it. */
export interface OpenCall extends HandlerContext {
  readonly ending: CallEnd;
}

/** How long a call may take; `undefined` is for ever. */
export interface CallTime {
  timeoutMs: number | undefined;
  /** Whether somebody else watches it and ends the call. */
  watched: boolean;
}

/**
 * Opens the context of a call that ends when its time is over, with DEADLINE_EXCEEDED. Connect's createHandlerContext
 * takes two signals and another copy of each of the headers.
 */
export function openCall(method: DescMethod, url: string, requestHeader: Headers, time: CallTime): OpenCall {
  const { timeoutMs, watched } = time;
  const deadlineMs = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
  const isOver = timeoutMs !== undefined && timeoutMs <= 0;
  return withSignal({
    service: method.parent,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url,
    requestHeader,
    responseHeader: new HeaderMap(),
    responseTrailer: new HeaderMap(),
    values: createContextValues(),
    timeoutMs: () => (deadlineMs === undefined ? undefined : deadlineMs - Date.now()),
    ending: new CallEnd(undefined, watched && !isOver ? undefined : timeoutMs),
  });
}
