import type { DescMethod } from "@bufbuild/protobuf";
import { type Code, ConnectError, createContextKey, type Interceptor } from "@connectrpc/connect";
import {
  type Attributes,
  type Context,
  context,
  type Link,
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
import { type DurationMetric, type DurationSeries, durationMetric } from "./call-durations.ts";
import { type EarlyRequest, methodName } from "./call-facts.ts";
import { callLog } from "./call-log.ts";
import { codeName } from "./code-name.ts";
import { linked } from "./linked-context.ts";
import type { Logger } from "./logger.ts";

type Request = Parameters<ReturnType<Interceptor>>[0];
type Finish = (code: Code | undefined) => void;

/** What is said of every call of a method, made once for each. */
interface MethodFacts {
  name: string;
  attributes: Attributes;
  /** By status. */
  ended: Map<Code | undefined, Ending>;
}

interface Ending {
  attributes: Attributes;
  duration: DurationSeries;
}

/** The facts of each method, for one end of its calls. */
interface End {
  duration: DurationMetric;
  facts: WeakMap<DescMethod, MethodFacts>;
}

const SERVER: End = { duration: durationMetric(METRIC_RPC_SERVER_CALL_DURATION), facts: new WeakMap() };
const CLIENT: End = { duration: durationMetric(METRIC_RPC_CLIENT_CALL_DURATION), facts: new WeakMap() };

const headerGetter = {
  get: (header: Headers, key: string) => header.get(key) ?? undefined,
  keys: (header: Headers) => [...header.keys()],
};
const headerSetter = { set: (header: Headers, key: string, value: string) => header.set(key, value) };

/** A call that is being observed. */
export interface Observation {
  /** With the call's span. */
  readonly within: Context;
  /** The first time counts. */
  end(code: Code | undefined, request: EarlyRequest): void;
}

/** Of a call that was observed before it came to the interceptors, and has not yet. */
export const observationKey = createContextKey<Observation | undefined>(undefined, { description: "observation" });

/**
 * Sees every call that a server answers: a span that continues the caller's trace, a duration metric, one log line.
 * Belongs outermost, where the final status is known. With `ownTraces` the caller is a stranger, who must not choose what
 * the trace is called and whether it is kept: it begins here, with a link to the caller's.
 */
export function observeServer(logger: Logger, ownTraces = false): Interceptor {
  const begin = observeEarly(logger, ownTraces);
  return (next) => async (request) => {
    const begun = request.contextValues.get(observationKey);
    if (begun) request.contextValues.delete(observationKey);
    const observation = begun ?? begin(request);
    return observed(next, request, observation.within, (code) => observation.end(code, request));
  };
}

/** Begins what `observeServer` goes on with where a call comes to it, for servers that refuse calls before. */
export function observeEarly(logger: Logger, ownTraces = false): (request: EarlyRequest) => Observation {
  const tracer = trace.getTracer("cadre");
  const logCall = callLog(logger);

  return ({ method, header }) => {
    const startMs = performance.now();
    const facts = factsOf(SERVER, method);
    const { name, attributes } = facts;
    const active = linked(context.active());
    const callers = propagation.extract(active, header, headerGetter);
    const parent = ownTraces ? active : callers;
    const links = ownTraces ? linksTo(callers) : [];
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes, links }, parent);
    const within = trace.setSpan(parent, span);
    let ended = false;
    return {
      within,
      end(code, request) {
        if (ended) return;
        ended = true;
        const durationMs = performance.now() - startMs;
        end(span, endingOf(SERVER, facts, code), durationMs);
        logCall({ request, span, code, durationMs });
      },
    };
  };
}

function linksTo(callers: Context): Link[] {
  const spanContext = trace.getSpanContext(callers);
  return spanContext ? [{ context: spanContext }] : [];
}

/** Sees every call that a client makes: a span of its own, which the callee's will continue, and a duration metric. */
export function observeClient(): Interceptor {
  const tracer = trace.getTracer("cadre");

  return (next) => (request) => {
    const startMs = performance.now();
    const facts = factsOf(CLIENT, request.method);
    const { name, attributes } = facts;
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
    const within = trace.setSpan(linked(context.active()), span);
    propagation.inject(within, request.header, headerSetter);
    return observed(next, request, within, (code) => {
      end(span, endingOf(CLIENT, facts, code), performance.now() - startMs);
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

function factsOf({ facts }: End, method: DescMethod): MethodFacts {
  return facts.getOrInsertComputed(method, () => {
    const name = methodName({ method });
    return { name, attributes: { [ATTR_RPC_SYSTEM_NAME]: "grpc", [ATTR_RPC_METHOD]: name }, ended: new Map() };
  });
}

function endingOf({ duration }: End, { attributes, ended }: MethodFacts, code: Code | undefined): Ending {
  return ended.getOrInsertComputed(code, () => {
    const name = codeName(code);
    const error = code === undefined ? {} : { [ATTR_ERROR_TYPE]: name };
    const all = { ...attributes, [ATTR_RPC_STATUS_CODE]: name, ...error };
    return { attributes: all, duration: duration.series(all) };
  });
}

function end(span: Span, { attributes, duration }: Ending, durationMs: number): void {
  duration.record(durationMs / 1000);
  if (span.isRecording()) {
    if (ATTR_ERROR_TYPE in attributes) span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttributes(attributes);
  }
  span.end();
}
