import { ConnectError, type Interceptor } from "@connectrpc/connect";
import { currentTrace } from "../runtime/telemetry.ts";

export const TRACE_HEADER = "cadre-trace-id";

/** Tells the caller under which trace the logs have its call, whether it succeeds or not. */
export const answerTrace: Interceptor = (next) => async (request) => {
  const traceId = currentTrace()?.traceId;
  if (traceId === undefined) return next(request);
  try {
    const response = await next(request);
    response.header.set(TRACE_HEADER, traceId);
    return response;
  } catch (reason) {
    const error = ConnectError.from(reason);
    error.metadata.set(TRACE_HEADER, traceId);
    throw error;
  }
};
