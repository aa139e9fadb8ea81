import { EventEmitter, once } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { implement, type ServiceBinding } from "./implement.ts";

/** The server as a whole, in the protocol of grpc.health.v1. */
export const OVERALL = "";

/** What a server says about itself to balancers and operators, and who is listening to it. */
export interface Health {
  binding: ServiceBinding;
  set(service: string, status: ServingStatus): void;
  /** Every service known so far, the server as a whole included. */
  setAll(status: ServingStatus): void;
  /** Tells every watcher that nothing is served any more, and ends the watches: a drain need not wait for them. */
  close(): void;
  /** How many calls wait for a change. */
  watchers(): number;
}

/** All services and the server as a whole begin as serving. */
export function createHealth(serviceNames: readonly string[]): Health {
  const statuses = new Map<string, ServingStatus>(
    [OVERALL, ...serviceNames].map((name) => [name, ServingStatus.SERVING]),
  );
  const changes = new EventEmitter().setMaxListeners(0);
  let closed = false;

  function setAll(status: ServingStatus): void {
    for (const service of statuses.keys()) statuses.set(service, status);
    changes.emit("change");
  }

  const impl = implement(HealthService, {
    check({ service }) {
      const status = statuses.get(service);
      if (status === undefined) throw new ConnectError(`the service ${service} is not known here`, Code.NotFound);
      return { status };
    },
    list: () => ({
      statuses: Object.fromEntries([...statuses].map(([name, status]) => [name, { status }])),
    }),
    // Sends the latest status, not each one: a slow reader must not make a queue grow.
    async *watch({ service }, { signal }) {
      let sent: ServingStatus | undefined;
      while (!signal.aborted) {
        const status = statuses.get(service) ?? ServingStatus.SERVICE_UNKNOWN;
        if (status !== sent) {
          sent = status;
          yield { status };
        } else if (closed) {
          return;
        } else {
          await once(changes, "change", { signal }).catch(() => {});
        }
      }
    },
  });

  return {
    binding: { ...impl, open: true },
    set(service, status) {
      statuses.set(service, status);
      changes.emit("change");
    },
    setAll,
    close() {
      closed = true;
      setAll(ServingStatus.NOT_SERVING);
    },
    watchers: () => changes.listenerCount("change"),
  };
}
