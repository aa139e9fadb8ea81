import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import { type Admission, admission, authenticate } from "./authentication.ts";
import type { Breaker } from "./breaker.ts";
import { currentCall } from "./call-context.ts";
import { methodName, requestIdOf } from "./call-facts.ts";
import { CALLER_HEADER, TIME_HEADER } from "./call-headers.ts";
import type { CallLimits } from "./call-limits.ts";
import { callerKey } from "./caller.ts";
import { type BugReporter, errorBoundary } from "./error-boundary.ts";
import type { ErrorTracker } from "./error-tracker.ts";
import { hedge } from "./hedge.ts";
import type { ServiceBinding } from "./implement.ts";
import { boundInFlight, type InFlightOptions } from "./in-flight.ts";
import type { Logger } from "./logger.ts";
import { observeClient, observeServer } from "./observe.ts";
import { endWithToken } from "./token-end.ts";
import type { Verifier } from "./tokens.ts";
import { validate } from "./validation.ts";

export interface ServerInterceptorOptions {
  logger: Logger;
  errors?: ErrorTracker | undefined;
  verifier: Verifier;
  services: ServiceBinding[];
  /** How much work is taken on; without it, all of it. */
  inFlight?: InFlightOptions | undefined;
  limits?: CallLimits | undefined;
  /** Whether a call's trace begins here, whatever its caller says. */
  ownTraces?: boolean | undefined;
}

/** What every call passes through on its way into a server, outermost first. */
export function serverInterceptors(options: ServerInterceptorOptions): Interceptor[] {
  return [...reporting(options), ...bounded(options), authenticate(admissionTo(options)), endWithToken, validate];
}

/**
 * Refuses a call before its body is read, where a server asks that early: as its interceptors would, seen and answered
 * alike. They do not ask again.
 */
export function doorkeeper(options: ServerInterceptorOptions): (context: HandlerContext) => Promise<void> {
  const admit = admissionTo(options);
  const layers = reporting(options);
  return async ({ service, method, requestHeader, requestMethod, values, signal, url }) => {
    const call = { service, header: requestHeader, contextValues: values, requestMethod, signal, url };
    try {
      await admit({ ...call, method });
    } catch (refusal) {
      const refuse: ReturnType<Interceptor> = () => Promise.reject(refusal);
      const request = { ...call, stream: true, method: method as DescMethodStreaming, message: none() } as const;
      await layers.reduceRight((next, layer) => layer(next), refuse)(request);
    }
  };
}

function reporting({ logger, errors, ownTraces }: ServerInterceptorOptions): Interceptor[] {
  return [observeServer(logger, ownTraces), errorBoundary(bugReporter(logger, errors))];
}

/** Who asks how a server is gets an answer however busy it is. */
function bounded({ inFlight, services }: ServerInterceptorOptions): Interceptor[] {
  return inFlight ? [boundInFlight({ ...inFlight, open: openServices(services) })] : [];
}

function admissionTo({ verifier, services, limits }: ServerInterceptorOptions): Admission {
  return admission(verifier, openServices(services), limits);
}

function openServices(services: ServiceBinding[]): ReadonlySet<string> {
  return new Set(services.filter(({ open }) => open).map(({ service }) => service.typeName));
}

async function* none(): AsyncGenerator<never> {}

/** What every call passes through on its way to another service, outermost first. */
export function clientInterceptors(ownToken: () => Promise<string>, breaker: Breaker): Interceptor[] {
  return [observeClient(), breaker.interceptor, hedge(), authorize(ownToken), passOn];
}

function bugReporter(logger: Logger, errors?: ErrorTracker): BugReporter {
  return (bug, request) => {
    const method = methodName(request);
    logger.error({ err: bug, method }, "bug");
    const requestId = requestIdOf(request);
    const caller = request.contextValues.get(callerKey).subject;
    errors?.report(bug, { method, caller, ...(requestId === undefined ? {} : { requestId }) });
  };
}

function authorize(ownToken: () => Promise<string>): Interceptor {
  let token = "";
  let header = "";
  return (next) => async (request) => {
    const current = await ownToken();
    if (current !== token) {
      token = current;
      header = `Bearer ${current}`;
    }
    request.header.set("authorization", header);
    return await next(request);
  };
}

const passOn: Interceptor = (next) => (request) => {
  const { pretendedTime, callersToken } = currentCall() ?? {};
  if (pretendedTime !== undefined) request.header.set(TIME_HEADER, pretendedTime);
  if (callersToken !== undefined) request.header.set(CALLER_HEADER, callersToken);
  return next(request);
};
