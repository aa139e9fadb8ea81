import type { DescMethod } from "@bufbuild/protobuf";
import { type Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import {
  type Attributes,
  type Context,
  context,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  METRIC_RPC_CLIENT_CALL_DURATION,
  METRIC_RPC_SERVER_CALL_DURATION,
} from "@opentelemetry/semantic-conventions";
import { methodName } from "./call-facts.ts";
import { callLog } from "./call-log.ts";
import { codeName } from "./code-name.ts";
import type { Logger } from "./logger.ts";

type Request = Parameters<ReturnType<Interceptor>>[0];
type Finish = (code: Code | undefined) => void;

/** What is said of every call of a method, made once for each. */
interface MethodFacts {
  name: string;
  attributes: Attributes;
  /** By status. */
  ended: Map<Code | undefined, Attributes>;
}

const headerGetter = {
  get: (header: Headers, key: string) => header.get(key) ?? undefined,
  keys: (header: Headers) => [...header.keys()],
};
const headerSetter = { set: (header: Headers, key: string, value: string) => header.set(key, value) };

/** Buckets of the RPC conventions, in seconds. */
const advice = {
  explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
};

/**
 * Sees every call that a server answers: a span that continues the caller's trace, a duration metric, one log line.
 * Belongs outermost, where the final status is known.
 */
export function observeServer(logger: Logger): Interceptor {
  const tracer = trace.getTracer("cadre");
  const duration = metrics.getMeter("cadre").createHistogram(METRIC_RPC_SERVER_CALL_DURATION, { unit: "s", advice });
  const logCall = callLog(logger);

  return (next) => (request) => {
    const startMs = performance.now();
    const facts = factsOf(request.method);
    const { name, attributes } = facts;
    const caller = propagation.extract(context.active(), request.header, headerGetter);
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, caller);
    const within = trace.setSpan(caller, span);
    return observed(next, request, within, (code) => {
      const durationMs = performance.now() - startMs;
      duration.record(durationMs / 1000, end(span, facts, code));
      logCall({ request, span, code, durationMs });
    });
  };
}

/** Sees every call that a client makes: a span of its own, which the callee's will continue, and a duration metric. */
export function observeClient(): Interceptor {
  const tracer = trace.getTracer("cadre");
  const duration = metrics.getMeter("cadre").createHistogram(METRIC_RPC_CLIENT_CALL_DURATION, { unit: "s", advice });

  return (next) => (request) => {
    const startMs = performance.now();
    const facts = factsOf(request.method);
    const { name, attributes } = facts;
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
    const within = trace.setSpan(context.active(), span);
    propagation.inject(within, request.header, headerSetter);
    return observed(next, request, within, (code) => {
      duration.record((performance.now() - startMs) / 1000, end(span, facts, code));
    });
  };
}

async function observed(
  next: ReturnType<Interceptor>,
  request: Request,
  within: Context,
  finish: Finish,
): ReturnType<ReturnType<Interceptor>> {
  try {
    const response = await context.with(within, () => next(request));
    if (response.stream) return { ...response, message: observedMessages(response.message, within, finish) };
    finish(undefined);
    return response;
  } catch (error) {
    finish(ConnectError.from(error).code);
    throw error;
  }
}

/** Async context does not follow an iterator: every step of a stream is taken within its call's own. */
async function* observedMessages<T>(messages: AsyncIterable<T>, within: Context, finish: Finish): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  let code: Code | undefined;
  try {
    for (;;) {
      const step = await context.with(within, () => iterator.next());
      if (step.done === true) return;
      yield step.value;
    }
  } catch (error) {
    code = ConnectError.from(error).code;
    throw error;
  } finally {
    await iterator.return?.();
    finish(code);
  }
}

const known = new WeakMap<DescMethod, MethodFacts>();

function factsOf(method: DescMethod): MethodFacts {
  return known.getOrInsertComputed(method, () => {
    const name = methodName({ method });
    return { name, attributes: { [ATTR_RPC_SYSTEM_NAME]: "grpc", [ATTR_RPC_METHOD]: name }, ended: new Map() };
  });
}

/** Ends the span; what is said of calls that ended so. */
function end(span: Span, { attributes, ended }: MethodFacts, code: Code | undefined): Attributes {
  const all = ended.getOrInsertComputed(code, () => {
    const name = codeName(code);
    return { ...attributes, [ATTR_RPC_STATUS_CODE]: name, ...(code === undefined ? {} : { [ATTR_ERROR_TYPE]: name }) };
  });
  if (span.isRecording()) {
    if (code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttributes(all);
  }
  span.end();
  return all;
}
