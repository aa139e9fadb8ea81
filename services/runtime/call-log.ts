import type { DescMethod } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";
import type { Span } from "@opentelemetry/api";
import { type EarlyRequest, methodName, requestIdOf } from "./call-facts.ts";
import { type Caller, callerKey, onBehalfOfKey } from "./caller.ts";
import { codeName } from "./code-name.ts";
import { type Logger, linesAlike } from "./logger.ts";

/** A call that has been answered. */
export interface AnsweredCall {
  request: EarlyRequest;
  span: Span;
  code: Code | undefined;
  durationMs: number;
}

type WriteLine = ReturnType<typeof linesAlike>;

const subjects = new WeakMap<Caller, string>();

/** Writes one line about every call. */
export function callLog(logger: Logger): (call: AnsweredCall) => void {
  const known = new WeakMap<DescMethod, Map<Code | undefined, WriteLine>>();
  const linesOf = (method: DescMethod, code: Code | undefined): WriteLine =>
    known
      .getOrInsertComputed(method, () => new Map())
      .getOrInsertComputed(code, () =>
        linesAlike(logger, "call", { method: methodName({ method }), code: codeName(code) }),
      );

  return ({ request, span, code, durationMs }) => {
    const { traceId, spanId } = span.spanContext();
    const { contextValues } = request;
    const ids = `,"trace_id":"${traceId}","span_id":"${spanId}"`;
    const duration = `,"duration_ms":${Math.round(durationMs * 100) / 100}`;
    const caller = `,"caller":${quoted(contextValues.get(callerKey))}`;
    const first = contextValues.get(onBehalfOfKey);
    const onBehalfOf = first === undefined ? "" : `,"on_behalf_of":${quoted(first)}`;
    const id = requestIdOf(request);
    const requestId = id === undefined ? "" : `,"request_id":"${id}"`;
    linesOf(request.method, code)(ids + duration + caller + onBehalfOf + requestId);
  };
}

/** A caller's subject, which its token may have put anything in; who calls once calls again. */
function quoted(caller: Caller): string {
  return subjects.getOrInsertComputed(caller, ({ subject }) => JSON.stringify(subject));
}
