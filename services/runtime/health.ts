import { setTimeout } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { type Readiness, statusOf } from "./admin-server.ts";
import { implement, type ServiceBinding } from "./implement.ts";

/** The server as a whole, in the protocol of grpc.health.v1. */
export const OVERALL = "";
const ASK_AGAIN_MS = 1000;
/** How many times that old an answer may be while the next one is under way. */
const OLDEST = 3;

/** What a server says about itself to balancers and operators, and who is listening to it. */
export interface Health {
  binding: ServiceBinding;
  /** Tells every watcher that nothing is served any more, and ends the watches: a drain need not wait for them. */
  close(): void;
  /** How many calls wait for a change. */
  watchers(): number;
}

export interface HealthOptions {
  /** Each service with the one dependency that it stands on; null where it stands on all of them. */
  services: ReadonlyMap<string, string | null>;
  /** Answers in bounded time. Asked at most once within `askAgainMs`, however many ask here. */
  ready: () => Promise<Readiness>;
  askAgainMs?: number;
}

/** A service is serving while what it stands on is ok or degraded; the server as a whole while everything is. */
export function createHealth({ services, ready, askAgainMs = ASK_AGAIN_MS }: HealthOptions): Health {
  const dependencies = new Map([[OVERALL, null], ...services]);
  const readiness = remembered(ready, askAgainMs);
  const closing = new AbortController();
  let watchers = 0;

  async function statusNow(service: string): Promise<ServingStatus> {
    const dependency = dependencies.get(service);
    if (dependency === undefined) return ServingStatus.SERVICE_UNKNOWN;
    const states = await readiness();
    if (closing.signal.aborted || states === null) return ServingStatus.NOT_SERVING;
    const status = statusOf(dependency === null ? Object.values(states) : [states[dependency] ?? "unknown"]);
    return status === "not ready" ? ServingStatus.NOT_SERVING : ServingStatus.SERVING;
  }

  const impl = implement(HealthService, {
    async check({ service }) {
      const status = await statusNow(service);
      if (status !== ServingStatus.SERVICE_UNKNOWN) return { status };
      throw new ConnectError(`the service ${service} is not known here`, Code.NotFound);
    },
    async list() {
      const all = [...dependencies.keys()].map(async (name) => [name, { status: await statusNow(name) }] as const);
      return { statuses: Object.fromEntries(await Promise.all(all)) };
    },
    // Sends the latest status, not each one: a slow reader must not make a queue grow.
    async *watch({ service }, { signal }) {
      const ended = AbortSignal.any([signal, closing.signal]);
      let sent: ServingStatus | undefined;
      watchers++;
      try {
        while (!signal.aborted) {
          const status = await statusNow(service);
          if (status !== sent) yield { status };
          else if (closing.signal.aborted) return;
          else await setTimeout(askAgainMs, undefined, { signal: ended, ref: false }).catch(() => {});
          sent = status;
        }
      } finally {
        watchers--;
      }
    },
  });

  return {
    binding: { ...impl, open: true },
    close: () => closing.abort(),
    watchers: () => watchers,
  };
}

/**
 * What `ask` said last, if that is not too long ago; one question at a time. Whoever asks while a server is busy with a new answer
 * gets the last one, up to a few seconds old, and does not wait. Null when it fails.
 */
function remembered(ask: () => Promise<Readiness>, forMs: number): () => Promise<Readiness | null> {
  let answer: Promise<Readiness | null> | undefined;
  let last: { answer: Promise<Readiness | null>; atMs: number } | undefined;
  let staleAtMs = 0;
  return () => {
    if (answer === undefined || performance.now() >= staleAtMs) {
      staleAtMs = Number.POSITIVE_INFINITY;
      const asked = ask()
        .catch(() => null)
        .finally(() => {
          staleAtMs = performance.now() + forMs;
          last = { answer: asked, atMs: performance.now() };
        });
      answer = asked;
    }
    const isUnderWay = staleAtMs === Number.POSITIVE_INFINITY;
    return isUnderWay && last && performance.now() - last.atMs < forMs * OLDEST ? last.answer : answer;
  };
}
