import type { ServerResponse } from "node:http";
import { cors, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import allowOrigins from "cors";
import { answerHealth, type Readiness } from "../runtime/admin-server.ts";
import type { ServiceBinding } from "../runtime/implement.ts";
import { blameTheCaller } from "./blame-the-caller.ts";

const READ_MAX_BYTES = 1024 * 1024;
const WRITE_MAX_BYTES = 4 * 1024 * 1024;
const MAX_TIMEOUT_MS = 60_000;
const PREFLIGHT_MAX_AGE_S = 7200;

export interface PublicOptions {
  services: ServiceBinding[];
  interceptors: Interceptor[];
  /** Whose pages may call. */
  origins: "*" | string[];
  ready: () => Promise<Readiness>;
  /** Ends every call that is still running. */
  shutdownSignal: AbortSignal;
}

export type PublicHandler = ReturnType<typeof connectNodeAdapter>;

/** Everything that the public port answers: RPCs in every protocol of Connect, /health, /ready. */
export function publicHandler(options: PublicOptions): PublicHandler {
  const allow = allowOrigins({
    origin: options.origins,
    methods: [...cors.allowedMethods],
    allowedHeaders: [...cors.allowedHeaders, "authorization", "cadre-time", "traceparent", "tracestate"],
    exposedHeaders: [...cors.exposedHeaders],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
  const answer = connectNodeAdapter({
    routes: (router) => {
      for (const { service, impl } of options.services) router.service(service, impl);
    },
    interceptors: options.interceptors,
    requestGate: blameTheCaller,
    readMaxBytes: READ_MAX_BYTES,
    writeMaxBytes: WRITE_MAX_BYTES,
    maxTimeoutMs: MAX_TIMEOUT_MS,
    shutdownSignal: options.shutdownSignal,
    // HTTP/2's compatible responses have the same methods.
    fallback: (request, response) => void answerHealth(pathOf(request.url), options.ready, response as ServerResponse),
  });

  return (request, response) => {
    try {
      allow(request, response, () => answer(request, response));
    } catch {
      // connect-node throws where it cannot make a URL of the request's host and path.
      response.writeHead(400);
      response.end();
    }
  };
}

function pathOf(url = "/"): string {
  return url.split("?", 1)[0] ?? "/";
}
