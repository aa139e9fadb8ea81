import type { Interceptor } from "@connectrpc/connect";
import { metrics } from "@opentelemetry/api";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { DomainError } from "./errors.ts";
import { policyOf } from "./policy.ts";

/** On top of the bound, for what the contract calls critical. */
const RESERVE = 0.25;
const RETRY_AFTER_S = 1n;

type Request = Parameters<ReturnType<Interceptor>>[0];

export interface InFlightOptions {
  /** How many unary calls a group may have under way. */
  maxCalls: number;
  /** How many streams a group may have open. */
  maxStreams: number;
  /** Calls of different groups do not take each other's place; by default all are one. Undefined: not bounded. */
  groupOf?: (request: Request) => string | undefined;
}

/**
 * Refuses at once, with OVERLOADED, the calls that are more than a server can have under way: what waits in a queue is
 * answered too late for everybody.
 */
export function boundInFlight({ maxCalls, maxStreams, groupOf = () => "all" }: InFlightOptions): Interceptor {
  const underWay = new Map<string, number>();
  const meter = metrics.getMeter("cadre");
  const shed = meter.createCounter("cadre.server.shed", {
    unit: "{call}",
    description: "Calls refused because too many were under way",
  });
  meter
    .createObservableUpDownCounter("cadre.server.in_flight", { unit: "{call}", description: "Calls under way" })
    .addCallback((result) => {
      for (const [key, count] of underWay) result.observe(count, labelsOf(key));
    });

  return (next) => async (request) => {
    const group = groupOf(request);
    if (group === undefined) return next(request);
    const key = `${request.stream ? "stream" : "unary"} ${group}`;
    const max = request.stream ? maxStreams : maxCalls;
    const count = underWay.get(key) ?? 0;
    if (count >= (policyOf(request.method).critical ? max * (1 + RESERVE) : max)) {
      shed.add(1, labelsOf(key));
      throw overloaded();
    }
    underWay.set(key, count + 1);
    const leave = (): void => {
      underWay.set(key, (underWay.get(key) ?? 1) - 1);
    };
    if (!request.stream) return next(request).finally(leave);
    // A stream ends after its handler has answered, and aborts its signal then, however it ends.
    request.signal.addEventListener("abort", leave, { once: true });
    if (request.signal.aborted) leave();
    return next(request);
  };
}

function labelsOf(key: string): Record<string, string> {
  const [kind = "", group = ""] = key.split(" ");
  return { kind, group };
}

function overloaded(): DomainError {
  const message = "there is more to do at the moment than can be done in time; come back in a second";
  return new DomainError("exhausted", "OVERLOADED", message, {
    details: [{ desc: RetryInfoSchema, value: { retryDelay: { seconds: RETRY_AFTER_S } } }],
  });
}
