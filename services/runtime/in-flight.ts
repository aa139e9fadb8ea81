import type { Interceptor } from "@connectrpc/connect";
import { type Counter, metrics } from "@opentelemetry/api";
import { QuotaFailureSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { addressKey } from "./call-limits.ts";
import { ANONYMOUS, type Caller, callerKey } from "./caller.ts";
import { DomainError } from "./errors.ts";
import { policyOf } from "./policy.ts";

/** On top of the bound, for what the contract calls critical. */
const RESERVE = 0.25;
const LARGEST_SHARE = 0.5;
const RETRY_AFTER_S = 1n;
/** Streams of services that are open to everybody, such as watches of health. */
const WATCHES: Places = { key: "stream open", max: 1000, ofAddress: 20 };

type Request = Parameters<ReturnType<Interceptor>>[0];

interface Places {
  key: string;
  max: number;
  ofAddress: number;
}

export interface InFlightOptions {
  /** How many unary calls a group may have under way. */
  maxCalls: number;
  /** How many streams a group may have open. */
  maxStreams: number;
  /** How many streams a caller may have open, where callers are known before their calls are counted. */
  maxStreamsOfCaller?: number;
  /** Calls of different groups do not take each other's place; by default all are one. Undefined: not bounded. */
  groupOf?: (request: Request) => string | undefined;
  /** Services, by type name, whose unary calls are always answered and whose streams have places of their own. */
  open?: ReadonlySet<string>;
}

/**
 * Refuses at once, with OVERLOADED, the calls that are more than a server can have under way: what waits in a queue is
 * answered too late for everybody. Where addresses are known, one address gets no more than half of the places.
 */
export function boundInFlight(options: InFlightOptions): Interceptor {
  const { maxStreamsOfCaller = Number.POSITIVE_INFINITY } = options;
  const groups = counts();
  const shares = counts();
  const callers = counts();
  const shed = publish(groups);

  return (next) => async (request) => {
    const places = placesFor(request, options);
    if (places === undefined) return next(request);
    const { key, max, ofAddress } = places;
    const address = request.contextValues.get(addressKey);
    const share = `${key} ${address}`;
    if (groups.of(key) >= max || (address !== "" && shares.of(share) >= ofAddress)) {
      shed.add(1, labelsOf(key));
      throw overloaded();
    }
    const caller = request.stream ? request.contextValues.get(callerKey) : ANONYMOUS;
    if (caller !== ANONYMOUS && callers.of(caller.subject) >= maxStreamsOfCaller) {
      shed.add(1, labelsOf(key));
      throw tooManyStreams(caller, maxStreamsOfCaller);
    }

    const leaves = [groups.enter(key)];
    if (address !== "") leaves.push(shares.enter(share));
    if (caller !== ANONYMOUS) leaves.push(callers.enter(caller.subject));
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

/** Undefined where there is no bound. */
function placesFor(request: Request, options: InFlightOptions): Places | undefined {
  const { maxCalls, maxStreams, groupOf = () => "all", open } = options;
  if (open?.has(request.service.typeName)) return request.stream ? WATCHES : undefined;
  const group = groupOf(request);
  if (group === undefined) return undefined;
  const places = request.stream ? maxStreams : maxCalls;
  const max = policyOf(request.method).critical ? places * (1 + RESERVE) : places;
  return { key: `${request.stream ? "stream" : "unary"} ${group}`, max, ofAddress: max * LARGEST_SHARE };
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

/** Come back in a second. */
export function overloaded(): DomainError {
  const message = "there is more to do at the moment than can be done in time; come back in a second";
  return new DomainError("exhausted", "OVERLOADED", message, {
    details: [{ desc: RetryInfoSchema, value: { retryDelay: { seconds: RETRY_AFTER_S } } }],
  });
}

/** Coming back does not help: one of those that are open has to end. */
function tooManyStreams({ subject }: Caller, most: number): DomainError {
  const message = `you have ${most} streams open, as many as a caller may: end one of them`;
  const violations = [{ subject: `user:${subject}`, description: `${most} streams` }];
  return new DomainError("exhausted", "TOO_MANY_STREAMS", message, {
    details: [{ desc: QuotaFailureSchema, value: { violations } }],
  });
}
