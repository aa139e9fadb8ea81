import type { ServerResponse } from "node:http";
import { isSpanContextValid, trace } from "@opentelemetry/api";
import type { Observation } from "../runtime/observe.ts";

export const TRACE_HEADER = "cadre-trace-id";

/** Tells the caller under which trace the logs have its call, however it ends. */
export function answerTrace(response: Pick<ServerResponse, "setHeader">, { within }: Observation): void {
  const span = trace.getSpanContext(within);
  if (span && isSpanContextValid(span)) response.setHeader(TRACE_HEADER, span.traceId);
}
