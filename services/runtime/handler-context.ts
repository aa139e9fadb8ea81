import type { DescMethod } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { HeaderMap } from "./header-map.ts";
import { limitedSignal } from "./limited-signal.ts";

/** The context of one call, as handlers and interceptors know it. */
export interface OpenCall extends HandlerContext {
  /** Aborts the call's signal; the first reason counts. */
  end(reason: unknown): void;
}

/**
 * Opens the context of a call that ends by itself after `timeoutMs`, with DEADLINE_EXCEEDED. Connect's
 * createHandlerContext takes two signals and another copy of each of the headers.
 */
export function openCall(method: DescMethod, url: string, requestHeader: Headers, timeoutMs?: number): OpenCall {
  const deadlineMs = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
  return {
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
    ...limitedSignal(undefined, timeoutMs),
  };
}
