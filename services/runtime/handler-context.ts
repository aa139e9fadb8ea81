import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { CallEnd, withSignal } from "./call-end.ts";
import { HeaderMap } from "./header-map.ts";

/** The context of one call, as handlers and interceptors know it. */
export interface OpenCall extends HandlerContext {
  readonly ending: CallEnd;
}

/**
 * Opens the context of a call that ends after `timeoutMs`, with DEADLINE_EXCEEDED; `undefined` is for ever. Connect's
 * createHandlerContext takes two signals and another copy of each of the headers.
 */
export function openCall(
  method: DescMethod,
  url: string,
  requestHeader: Headers,
  timeoutMs: number | undefined,
): OpenCall {
  const deadlineMs = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
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
    ending: new CallEnd(undefined, timeoutMs),
  });
}
