import type { Interceptor } from "@connectrpc/connect";
import { type Counter, metrics } from "@opentelemetry/api";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { addressKey } from "./call-limits.ts";
import { DomainError } from "./errors.ts";
import { policyOf } from "./policy.ts";

/** On top of the bound, for what the contract calls critical. */
const RESERVE = 0.25;
const LARGEST_SHARE = 0.5;
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
 * answered too late for everybody. Where addresses are known, one address gets no more than half of the places.
 */
export function boundInFlight({ maxCalls, maxStreams, groupOf = () => "all" }: InFlightOptions): Interceptor {
  const groups = counts();
  const shares = counts();
  const shed = publish(groups);

  return (next) => async (request) => {
    const group = groupOf(request);
    if (group === undefined) return next(request);
    const key = `${request.stream ? "stream" : "unary"} ${group}`;
    const address = request.contextValues.get(addressKey);
    const share = `${key} ${address}`;
    const places = request.stream ? maxStreams : maxCalls;
    const max = policyOf(request.method).critical ? places * (1 + RESERVE) : places;
    if (groups.of(key) >= max || (address !== "" && shares.of(share) >= max * LARGEST_SHARE)) {
      shed.add(1, labelsOf(key));
      throw overloaded();
    }

    const leaves = [groups.enter(key), ...(address === "" ? [] : [shares.enter(share)])];
    const leave = (): void => {
      for (const left of leaves.splice(0)) left();
    };
    if (!request.stream) return next(request).finally(leave);
    // A stream ends after its handler has answered, and aborts its signal then, however it ends.
    request.signal.addEventListener("abort", leave, { once: true });
    if (request.signal.aborted) leave();
    return next(request);
  };
}

type Counts = ReturnType<typeof counts>;

function counts() {
  const all = new Map<string, number>();
  return {
    all,
    of: (key: string): number => all.get(key) ?? 0,
    /** Answers with what leaves again. */
    enter(key: string): () => void {
      all.set(key, (all.get(key) ?? 0) + 1);
      return () => {
        const left = (all.get(key) ?? 1) - 1;
        if (left === 0) all.delete(key);
        else all.set(key, left);
      };
    },
  };
}

function publish(groups: Counts): Counter {
  const meter = metrics.getMeter("cadre");
  meter
    .createObservableGauge("cadre.server.in_flight", { unit: "{call}", description: "Calls under way" })
    .addCallback((result) => {
      for (const [key, count] of groups.all) result.observe(count, labelsOf(key));
    });
  return meter.createCounter("cadre.server.shed", {
    unit: "{call}",
    description: "Calls refused because too many were under way",
  });
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
