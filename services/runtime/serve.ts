import type { SecureServerOptions } from "node:http2";
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcServer } from "./grpc-server.ts";
import { createHealth } from "./health.ts";
import type { Http2Server } from "./http2-server.ts";
import type { ServiceBinding } from "./implement.ts";
import { assertPolicies } from "./policy.ts";
import { needingAll, type Readiness } from "./readiness.ts";
import { reflectionServices } from "./reflection.ts";

export interface ServeOptions {
  services: ServiceBinding[];
  /** Given all that is served, health and reflection included. */
  interceptors: (services: ServiceBinding[]) => Interceptor[];
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** What health is told by; always well unless given. */
  ready?: () => Promise<Readiness>;
  /** The dependencies that `ready` tells of, for whoever asks health for one. */
  dependencies?: readonly string[];
  /** Of a server whose clients show certificates. Plain text unless given. */
  secure?: SecureServerOptions | undefined;
  /** Let anybody list and describe what is served. */
  reflection: boolean;
}

export interface RunningServer {
  port: number;
  /** Says to whoever asks or watches that nothing is served here any more, and goes on serving. */
  leave(): void;
  /** Takes no new call (GOAWAY), lets those under way finish for at most `graceMs`, then ends them. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Serves services with health, and reflection where it is wanted.
 *
 * Throws when a method has no policy, or when the port cannot be had.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  assertPolicies(options.services);
  const health = createHealth({
    services: new Map(options.services.map(({ service }) => [service.typeName, null])),
    dependencies: options.dependencies ?? [],
    ready: options.ready ?? (async () => needingAll({})),
  });
  const described = [...options.services, health.binding].map(({ service }) => service);
  const services = [...options.services, health.binding, ...(options.reflection ? reflectionServices(described) : [])];
  const server = createGrpcServer({
    services,
    interceptors: options.interceptors(services),
    secure: options.secure,
  });
  const port = await bind(server, options);
  return {
    port,
    leave: health.close,
    async stop(graceMs) {
      health.close();
      await server.stop(graceMs);
    },
  };
}

async function bind(server: Http2Server, { host, port }: ServeOptions): Promise<number> {
  try {
    return await server.listen(host, port);
  } catch (error) {
    throw Error.isError(error) ? bindError(error, host, port) : error;
  }
}

function bindError(error: Error, host: string, port: number): Error {
  return error.message.includes("EADDRINUSE")
    ? new Error(`Port ${port} on ${host} is taken by another program.`)
    : new Error(`Cannot listen on ${host}:${port}: ${error.message}`);
}
