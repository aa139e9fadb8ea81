import type { IncomingMessage, ServerResponse } from "node:http";
import {
  cors,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import allowOrigins from "cors";
import { answerHealth } from "../runtime/admin-server.ts";
import { addressKey } from "../runtime/call-limits.ts";
import type { ServiceBinding } from "../runtime/implement.ts";
import type { observeEarly } from "../runtime/observe.ts";
import { policyOf } from "../runtime/policy.ts";
import type { Readiness } from "../runtime/readiness.ts";
import { answerRpc, noteSignal, type RpcRequest, type RpcResponse } from "./answer-rpc.ts";
import { blameTheCaller } from "./blame-the-caller.ts";
import { callOurselves } from "./call-ourselves.ts";
import type { AddressOf } from "./caller-address.ts";
import { answerPage, type FindPage } from "./pages/page.ts";
import { BODY_BOUNDS, type BodyBounds, boundBodies } from "./request-bodies.ts";
import { TRACE_HEADER } from "./trace-header.ts";

const MAX_TIMEOUT_MS = 60_000;
const PREFLIGHT_MAX_AGE_S = 7200;

export interface PublicOptions {
  services: ServiceBinding[];
  /** Refuses before a body is read. */
  doorkeeper: (context: HandlerContext) => Promise<void>;
  interceptors: Interceptor[];
  /** Sees every call, also one that ends before it comes to the interceptors. */
  observe: ReturnType<typeof observeEarly>;
  /** Whose pages may call. */
  origins: "*" | string[];
  ready: () => Promise<Readiness>;
  /** Where a request comes from. */
  addressOf?: AddressOf | undefined;
  /** How much of requests may be on its way. */
  bodies?: BodyBounds | undefined;
  /** What browsers may open. */
  pages: FindPage;
  /** Ends every call that is still running. */
  shutdownSignal: AbortSignal;
}

export type PublicHandler = (request: RpcRequest, response: RpcResponse) => void;

/** Everything that the public port answers: RPCs in every protocol of Connect, pages, /health, /ready. */
export function publicHandler(options: PublicOptions): PublicHandler {
  const { addressOf = () => "", observe } = options;
  const allow = allowOrigins({
    origin: options.origins,
    methods: [...cors.allowedMethods],
    allowedHeaders: [...cors.allowedHeaders, "authorization", "cadre-time", "traceparent", "tracestate"],
    exposedHeaders: [...cors.exposedHeaders, TRACE_HEADER],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
  const router = createConnectRouter({
    interceptors: options.interceptors,
    async requestGate(context) {
      noteSignal(context);
      await options.doorkeeper(context);
      blameTheCaller(context);
    },
    acceptCompression: [compressionGzip, compressionBrotli],
    // A misspelt filter must not find everything.
    jsonOptions: { ignoreUnknownFields: false },
    maxTimeoutMs: MAX_TIMEOUT_MS,
    shutdownSignal: options.shutdownSignal,
  });
  for (const { service, impl } of options.services) {
    for (const method of service.methods) {
      const { maxRequestBytes: readMaxBytes, maxResponseBytes: writeMaxBytes } = policyOf(method);
      // Connect has no name for the implementation of a method that is known only at run time.
      const own = impl[method.localName] as never;
      if (own) router.rpc(method, own, { readMaxBytes, writeMaxBytes });
    }
  }
  const readBody = boundBodies(options.bodies ?? BODY_BOUNDS);
  const rpcs = new Map(router.handlers.map((rpc) => [rpc.requestPath, rpc]));

  return (request, response) => {
    allow(request, response, () => {
      const path = request.url?.split("?", 1)[0] ?? "/";
      const rpc = rpcs.get(path);
      if (rpc) {
        void answerRpc(rpc, { request, response, address: addressOf(request), readBody, observe });
        return;
      }
      // Those of HTTP/2 have everything of HTTP/1.1's that these need.
      const plain = { request: request as IncomingMessage, response: response as ServerResponse };
      const page = options.pages(path);
      if (!page) {
        void answerHealth(path, options.ready, plain.response);
        return;
      }
      const values = createContextValues().set(addressKey, addressOf(request));
      void answerPage(page, { ...plain, transport: callOurselves(router.handlers, values) });
    });
  };
}
