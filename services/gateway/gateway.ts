import { Code, ConnectError } from "@connectrpc/connect";
import type { Readiness } from "../runtime/admin-server.ts";
import type { ErrorTracker } from "../runtime/error-tracker.ts";
import { createHealth } from "../runtime/health.ts";
import { doorkeeper, serverInterceptors } from "../runtime/interceptors.ts";
import type { Logger } from "../runtime/logger.ts";
import { assertPolicies } from "../runtime/policy.ts";
import { reflectionServices } from "../runtime/reflection.ts";
import type { Verifier } from "../runtime/tokens.ts";
import type { ForwardedService } from "./forward.ts";
import { publicHandler } from "./public-handler.ts";
import { answerTrace } from "./trace-header.ts";
import { listenTwoProtocols } from "./two-protocol-server.ts";

/** For what was told to end to say so to its caller. */
const LAST_WORDS_MS = 1000;

export interface GatewayOptions {
  services: ForwardedService[];
  /** How each backend is, by its name. */
  ready: () => Promise<Readiness>;
  logger: Logger;
  errors?: ErrorTracker | undefined;
  verifier: Verifier;
  host: string;
  port: number;
  origins: "*" | string[];
  /** Let anybody list and describe what is served. */
  reflection: boolean;
}

export interface RunningGateway {
  port: number;
  /** Takes no new call, lets those under way finish for at most `graceMs`, then ends them with UNAVAILABLE. */
  stop(graceMs: number): Promise<void>;
}

/** Serves the services, with health and reflection, to the outside. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { logger, errors, verifier, ready, origins, host, port } = options;
  assertPolicies(options.services);
  const backendOf = options.services.map(({ service, backend }) => [service.typeName, backend] as const);
  const health = createHealth({ services: new Map(backendOf), ready });
  const described = [...options.services, health.binding].map(({ service }) => service);
  const services = [...options.services, health.binding, ...(options.reflection ? reflectionServices(described) : [])];

  const shutdown = new AbortController();
  const passing = { logger, errors, verifier, services, outer: [answerTrace] };
  const handler = publicHandler({
    services,
    doorkeeper: doorkeeper(passing),
    interceptors: serverInterceptors(passing),
    origins,
    ready,
    shutdownSignal: shutdown.signal,
  });
  const server = await listenTwoProtocols({ handler, host, port });

  return {
    port: server.port,
    async stop(graceMs) {
      health.close();
      const graceOver = setTimeout(() => {
        shutdown.abort(new ConnectError("the gateway is stopping", Code.Unavailable));
      }, graceMs);
      await server.drain(graceMs + LAST_WORDS_MS);
      clearTimeout(graceOver);
    },
  };
}
