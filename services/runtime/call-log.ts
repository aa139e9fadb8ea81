import type { DescMethod } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";
import type { Span } from "@opentelemetry/api";
import { type EarlyRequest, methodName, requestIdOf } from "./call-facts.ts";
import { callerKey, onBehalfOfKey } from "./caller.ts";
import { codeName } from "./code-name.ts";
import type { Logger } from "./logger.ts";

/** A call that has been answered. */
export interface AnsweredCall {
  request: EarlyRequest;
  span: Span;
  code: Code | undefined;
  durationMs: number;
}

/** Writes one line about every call. */
export function callLog(logger: Logger): (call: AnsweredCall) => void {
  // A call's line has no field that could hold a secret; to look for one takes half as long as to write it.
  const lines = logger.child({}, { redact: [] });
  // What all calls of a method that end alike have in their lines is put in writing once.
  const known = new WeakMap<DescMethod, Map<Code | undefined, Logger>>();
  const linesOf = (method: DescMethod, code: Code | undefined): Logger =>
    known
      .getOrInsertComputed(method, () => new Map())
      .getOrInsertComputed(code, () => lines.child({ method: methodName({ method }), code: codeName(code) }));

  return ({ request, span, code, durationMs }) => {
    const { traceId, spanId } = span.spanContext();
    const line = {
      trace_id: traceId,
      span_id: spanId,
      duration_ms: Math.round(durationMs * 100) / 100,
      caller: request.contextValues.get(callerKey).subject,
      // Those that are undefined are left out.
      on_behalf_of: request.contextValues.get(onBehalfOfKey)?.subject,
      request_id: requestIdOf(request),
    };
    linesOf(request.method, code).info(line, "call");
  };
}
