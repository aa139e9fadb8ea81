import type { Interceptor } from "@connectrpc/connect";
import { authenticate } from "./authentication.ts";
import type { Breaker } from "./breaker.ts";
import { currentCall } from "./call-context.ts";
import { TIME_HEADER } from "./call-headers.ts";
import { type BugReporter, errorBoundary } from "./error-boundary.ts";
import type { ServiceBinding } from "./implement.ts";
import type { Logger } from "./logger.ts";
import { observeClient, observeServer } from "./observe.ts";
import type { Verifier } from "./tokens.ts";
import { validate } from "./validation.ts";

/** What every call passes through on its way into a server, outermost first. */
export function serverInterceptors(options: {
  logger: Logger;
  verifier: Verifier;
  services: ServiceBinding[];
}): Interceptor[] {
  const open = new Set(options.services.filter(({ open }) => open).map(({ service }) => service.typeName));
  return [
    observeServer(options.logger),
    errorBoundary(bugReporter(options.logger)),
    authenticate(options.verifier, open),
    validate,
  ];
}

/** What every call passes through on its way to another service, outermost first. */
export function clientInterceptors(ownToken: () => Promise<string>, breaker: Breaker): Interceptor[] {
  return [observeClient(), breaker.interceptor, authorize(ownToken), passTimeOn];
}

function bugReporter(logger: Logger): BugReporter {
  return (bug, method) => logger.error({ err: bug, method }, "bug");
}

function authorize(ownToken: () => Promise<string>): Interceptor {
  return (next) => async (request) => {
    request.header.set("authorization", `Bearer ${await ownToken()}`);
    return next(request);
  };
}

const passTimeOn: Interceptor = (next) => (request) => {
  const pretendedTime = currentCall()?.pretendedTime;
  if (pretendedTime !== undefined) request.header.set(TIME_HEADER, pretendedTime);
  return next(request);
};
