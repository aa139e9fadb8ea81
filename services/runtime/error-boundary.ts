import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { currentCall } from "./call-context.ts";
import { isDatabaseConflict, isDatabaseOutage } from "./database-errors.ts";
import { DomainError, REFUSAL_DOMAIN, type RefusalDetail, type RefusalKind } from "./errors.ts";
import { isFromPeer, RETRY_PUSHBACK } from "./grpc-status.ts";
import { isOutage } from "./outage.ts";

const CODES: Record<RefusalKind, Code> = {
  invalid: Code.InvalidArgument,
  "not-found": Code.NotFound,
  "already-exists": Code.AlreadyExists,
  precondition: Code.FailedPrecondition,
  forbidden: Code.PermissionDenied,
  unauthenticated: Code.Unauthenticated,
  conflict: Code.Aborted,
  exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
};

/** No call is made on behalf of another that has no more time left. */
const ENDS_EARLY_MS = 25;

type Request = Parameters<ReturnType<Interceptor>>[0];

/** Told once of each error that is nobody's refusal and nobody's outage, and of each refusal that is a bug. */
export type BugReporter = (bug: unknown, request: Request) => void;

/**
 * Turns whatever a handler throws into a status: refusals with their details; outages, and transactions that the database gave
 * up for others, into UNAVAILABLE; everything else is a bug, which the caller sees as INTERNAL without a word of its inside.
 */
export function errorBoundary(report: BugReporter): Interceptor {
  const mapped = (error: unknown, request: Request): ConnectError =>
    toStatus(error, request.signal, (bug) => report(bug, request));
  return (next) => async (request) => {
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: guarded(response.message, request, mapped) } : response;
    } catch (error) {
      throw mapped(error, request);
    }
  };
}

/** The status that a refusal becomes. */
export function refusalStatus({ kind, reason, message, extras }: DomainError): ConnectError {
  const details: RefusalDetail[] = [
    { desc: ErrorInfoSchema, value: { reason, domain: REFUSAL_DOMAIN, metadata: extras.metadata ?? {} } },
  ];
  if (extras.violations) {
    const fieldViolations = extras.violations.map(({ path, message }) => ({ field: path, description: message }));
    details.push({ desc: BadRequestSchema, value: { fieldViolations } });
  }
  if (kind === "precondition") {
    details.push({ desc: PreconditionFailureSchema, value: { violations: [{ type: reason, description: message }] } });
  }
  details.push(...(extras.details ?? []));
  return new ConnectError(message, CODES[kind], kind === "unavailable" ? NO_RETRY : undefined, details);
}

/** Who called the dependency has tried again already: if all that stand above did so too, they would be many. */
const NO_RETRY = { [RETRY_PUSHBACK]: "-1" };

function dependencyUnavailable(): DomainError {
  return new DomainError(
    "unavailable",
    "DEPENDENCY_UNAVAILABLE",
    "a service behind this one does not answer at the moment",
  );
}

function toStatus(error: unknown, signal: AbortSignal, report: (bug: unknown) => void): ConnectError {
  if (error instanceof DomainError) {
    if (error.extras.bug) report(error);
    return refusalStatus(error);
  }
  // The caller is gone or out of time; whatever broke then broke because of it.
  if (signal.aborted && signal.reason instanceof ConnectError) return signal.reason;
  if (isDatabaseOutage(error))
    return new ConnectError("the database cannot be reached at the moment", Code.Unavailable);
  if (isDatabaseConflict(error)) {
    report(error); // Locks are taken in one order: somebody took them in another.
    return new ConnectError("others were changing the same at that moment: try again", Code.Unavailable);
  }
  if (error instanceof ConnectError) {
    if (error.code === Code.DeadlineExceeded && hasTime()) return refusalStatus(dependencyUnavailable());
    // UNKNOWN is what Connect makes of an error that is none of its own.
    if (!isFromPeer(error) && error.code !== Code.Unknown) return error;
    if (isOutage(error)) {
      return refusalStatus(dependencyUnavailable());
    }
  }
  report(error);
  return new ConnectError("something went wrong on our side", Code.Internal);
}

/** Whether the call could go on, where that is known: then it was not its own deadline that passed, but that of a call made on its behalf. */
function hasTime(): boolean {
  const { deadlineMs } = currentCall() ?? {};
  return deadlineMs !== undefined && deadlineMs - performance.now() > ENDS_EARLY_MS;
}

async function* guarded<T>(
  messages: AsyncIterable<T>,
  request: Request,
  mapped: (error: unknown, request: Request) => ConnectError,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw mapped(error, request);
  }
}
