import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Allowances } from "../runtime/allowances.ts";
import { limitCalls } from "../runtime/call-limits.ts";
import type { ErrorTracker } from "../runtime/error-tracker.ts";
import { createHealth } from "../runtime/health.ts";
import type { InFlightOptions } from "../runtime/in-flight.ts";
import { doorkeeper, serverInterceptors } from "../runtime/interceptors.ts";
import type { Logger } from "../runtime/logger.ts";
import { observeEarly } from "../runtime/observe.ts";
import { assertPolicies } from "../runtime/policy.ts";
import { type Readiness, readyUntil, remembered } from "../runtime/readiness.ts";
import { reflectionServices } from "../runtime/reflection.ts";
import type { Verifier } from "../runtime/tokens.ts";
import type { AddressOf } from "./caller-address.ts";
import { endWatches } from "./end-watches.ts";
import type { ForwardedService } from "./forward.ts";
import { credentialDocuments } from "./pages/credentials.ts";
import { firstOf } from "./pages/page.ts";
import { verifyPages } from "./pages/verify.ts";
import { publicHandler } from "./public-handler.ts";
import type { BodyBounds } from "./request-bodies.ts";
import { listenTwoProtocols, type TwoProtocolOptions } from "./two-protocol-server.ts";

/** For what was told to end to say so to its caller. */
const LAST_WORDS_MS = 1000;

export interface GatewayOptions {
  services: ForwardedService[];
  /** How the backends are, by their names. */
  ready: () => Promise<Readiness>;
  logger: Logger;
  errors?: ErrorTracker | undefined;
  /** What callers may take; without it, as much as they like. */
  allowances?: Allowances | undefined;
  /** Calls and streams under way to each backend. */
  inFlight?: Pick<InFlightOptions, "maxCalls" | "maxStreams" | "maxStreamsOfCaller"> | undefined;
  /** Where a request comes from. */
  addressOf?: AddressOf | undefined;
  verifier: Verifier;
  host: string;
  port: number;
  /** How much of requests may be on its way. */
  bodies?: BodyBounds | undefined;
  connections?: Pick<TwoProtocolOptions, "maxConnections" | "maxConnectionsOf"> | undefined;
  origins: "*" | string[];
  /** Whether traces begin here: strangers choose neither their ids nor whether they are kept. */
  ownTraces?: boolean | undefined;
  /** Let anybody list and describe what is served. */
  reflection: boolean;
}

export interface RunningGateway {
  port: number;
  /** How it is, asked of the backends once a second however many ask. */
  ready(): Promise<Readiness>;
  /** Says to whoever asks or watches that nothing is served here any more, and goes on serving. */
  leave(): void;
  /**
   * Takes no new call (GOAWAY), ends the watches, lets the others finish for at most `graceMs`, and then ends
   * them with UNAVAILABLE.
   */
  stop(graceMs: number): Promise<void>;
}

/** Serves the services, with health and reflection, to the outside. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { logger, errors, verifier, origins, host, port, allowances, inFlight, addressOf, ownTraces } = options;
  assertPolicies(options.services);
  const backendOf = new Map(options.services.map(({ service, backend }) => [service.typeName, backend]));
  const leaving = new AbortController();
  const ready = readyUntil(leaving.signal, remembered(options.ready));
  const health = createHealth({ services: backendOf, dependencies: [...new Set(backendOf.values())], ready });
  const described = [...options.services, health.binding].map(({ service }) => service);
  const services = [...options.services, health.binding, ...(options.reflection ? reflectionServices(described) : [])];

  const stopping = new AbortController();
  const shutdown = new AbortController();
  const limits = allowances && limitCalls(allowances, options.services);
  const groupOf = ({ service }: { service: DescService }) => backendOf.get(service.typeName);
  const bound = inFlight && { ...inFlight, groupOf };
  const passing = { logger, errors, verifier, services, limits, inFlight: bound, ownTraces };
  const handler = publicHandler({
    services,
    doorkeeper: doorkeeper(passing),
    observe: observeEarly(logger, ownTraces),
    interceptors: [...serverInterceptors(passing), endWatches(stopping.signal)],
    origins,
    ready,
    addressOf,
    bodies: options.bodies,
    pages: firstOf(verifyPages(logger), credentialDocuments(logger)),
    shutdownSignal: shutdown.signal,
  });
  const server = await listenTwoProtocols({ handler, host, port, ...options.connections });
  const leave = (): void => {
    leaving.abort();
    health.close();
    server.leave();
  };

  return {
    port: server.port,
    ready,
    leave,
    async stop(graceMs) {
      leave();
      stopping.abort();
      const graceOver = setTimeout(() => {
        shutdown.abort(new ConnectError("the gateway is stopping", Code.Unavailable));
      }, graceMs);
      await server.drain(graceMs + LAST_WORDS_MS);
      clearTimeout(graceOver);
    },
  };
}
