import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { metrics } from "@opentelemetry/api";
import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleType,
} from "cockatiel";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { refusalStatus } from "./error-boundary.ts";
import { DomainError } from "./errors.ts";
import { policyOf } from "./policy.ts";

/** Stops calling a dependency that does not answer. */
export interface Breaker {
  /** What it is called in metrics and readiness. */
  readonly dependency: string;
  /**
   * Refuses calls with UNAVAILABLE while the breaker is open. Streams pass: who reads one waits before it opens another.
   * So does who asks for the dependency's health.
   */
  readonly interceptor: Interceptor;
  state(): BreakerState;
}

export type BreakerState = "closed" | "half_open" | "open";

const FAILURES_TO_OPEN = 5;
/** What a call is given whose contract does not say. */
const FAIR_MS = 2000;
const TRIAL_AFTER_MS = { initialDelay: 250, maxDelay: 5000 };
const NO_ANSWERS: ReadonlySet<Code> = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.Canceled]);
const GAUGE: Record<BreakerState, number> = { closed: 0, half_open: 1, open: 2 };

/**
 * A breaker that opens after five failures in a row, and then lets one call try now and then, at growing intervals with
 * jitter. Consecutive, since a rate over a window still counts failures from before a quiet hour.
 */
export function createBreaker(dependency: string): Breaker {
  const policy = circuitBreaker(handleType(Unanswered), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: new ExponentialBackoff(TRIAL_AFTER_MS),
  });
  const state = (): BreakerState => {
    if (policy.state === CircuitState.Closed) return "closed";
    return policy.state === CircuitState.HalfOpen ? "half_open" : "open";
  };
  metrics
    .getMeter("cadre")
    .createObservableGauge("cadre.client.breaker.state", { description: "0 closed, 1 half open, 2 open" })
    .addCallback((gauge) => gauge.observe(GAUGE[state()], { dependency }));

  return { dependency, interceptor: guard(dependency, policy), state };
}

function guard(dependency: string, policy: CircuitBreakerPolicy): Interceptor {
  /** Whether the policy, which need not see each call while it is closed, has a failure to forget. */
  let doubted = false;
  const count = async (failure: Unanswered | undefined): Promise<void> => {
    if (policy.state !== CircuitState.Closed) return;
    doubted = failure !== undefined;
    await policy.execute(() => failure && Promise.reject(failure)).catch(() => undefined);
  };

  return (next) => async (request) => {
    if (request.stream || request.service.typeName === Health.typeName) return next(request);
    // The policy would let it wait for the call on trial, however long that takes.
    if (policy.state === CircuitState.HalfOpen) throw open(dependency);
    if (policy.state === CircuitState.Closed) {
      const startMs = performance.now();
      try {
        const answer = await next(request);
        if (doubted) await count(undefined);
        return answer;
      } catch (error) {
        const waitedMs = performance.now() - startMs;
        if (isUnanswered(error, request.method, waitedMs)) await count(new Unanswered(error));
        throw error;
      }
    }
    // A caller who leaves, or had hardly any time, has not found out that the dependency is back.
    const onTrial = (): ReturnType<typeof next> =>
      next(request).catch((error: unknown) => {
        throw isAnswer(error) ? error : new Unanswered(error);
      });
    return policy.execute(onTrial).catch((error: unknown) => {
      if (error instanceof Unanswered) throw error.cause;
      throw error instanceof BrokenCircuitError ? open(dependency) : error;
    });
  };
}

/** Carries what counts against the dependency past cockatiel. */
class Unanswered extends Error {
  constructor(cause: unknown) {
    super("unanswered", { cause });
  }
}

function isAnswer(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  return error.findDetails(ErrorInfoSchema).length > 0 || !NO_ANSWERS.has(error.code);
}

/**
 * Nobody answered: a refusal, even one of UNAVAILABLE by a peer that says why, is an answer. Nor is it the dependency's
 * fault when a caller had hardly any time: half of what the contract gives must have passed.
 */
function isUnanswered(error: unknown, method: DescMethod, waitedMs: number): boolean {
  if (!(error instanceof ConnectError) || error.findDetails(ErrorInfoSchema).length > 0) return false;
  if (error.code === Code.Unavailable) return true;
  return error.code === Code.DeadlineExceeded && waitedMs >= (policyOf(method).deadlineMs ?? FAIR_MS) / 2;
}

/** It says that it is not to be repeated: the breakers and retries above would take it for a failure of those between. */
function open(dependency: string): ConnectError {
  const message = `${dependency} does not answer; it is not called for the moment`;
  return refusalStatus(new DomainError("unavailable", "DEPENDENCY_UNAVAILABLE", message));
}
