import { setTimeout } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { implement, type ServiceBinding } from "./implement.ts";
import { type Readiness, remembered } from "./readiness.ts";

/** The server as a whole, in the protocol of grpc.health.v1. */
export const OVERALL = "";
const ASK_AGAIN_MS = 1000;

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
  /** What may be asked for by its name beside the services. */
  dependencies?: readonly string[];
  /** Answers in bounded time. Asked at most once within `askAgainMs`, however many ask here. */
  ready: () => Promise<Readiness>;
  askAgainMs?: number;
}

/**
 * The server as a whole is serving while it is ready, if degraded; a service while the dependency that it stands on, or the
 * server as a whole, is; a dependency, which has its own name here, while it is well.
 */
export function createHealth(options: HealthOptions): Health {
  const { services, dependencies = [], ready, askAgainMs = ASK_AGAIN_MS } = options;
  const names = [OVERALL, ...services.keys(), ...dependencies];
  const readiness = remembered(ready, askAgainMs);
  const closing = new AbortController();
  let watchers = 0;

  async function statusNow(name: string): Promise<ServingStatus> {
    if (!names.includes(name)) return ServingStatus.SERVICE_UNKNOWN;
    // Whoever cannot say is not well.
    const states = await readiness().catch(() => null);
    if (closing.signal.aborted || states === null) return ServingStatus.NOT_SERVING;
    return isServing(name, states) ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  function isServing(name: string, states: Readiness): boolean {
    if (dependencies.includes(name)) return states.dependencies[name] === "ok";
    const dependency = services.get(name) ?? null;
    if (dependency === null) return states.status !== "not ready";
    const state = states.dependencies[dependency];
    return state === "ok" || state === "degraded";
  }

  const impl = implement(HealthService, {
    async check({ service }) {
      const status = await statusNow(service);
      if (status !== ServingStatus.SERVICE_UNKNOWN) return { status };
      throw new ConnectError(`${service} is not known here`, Code.NotFound);
    },
    async list() {
      const all = names.map(async (name) => [name, { status: await statusNow(name) }] as const);
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
