import type { IncomingMessage, ServerResponse } from "node:http";
import { constants } from "node:http2";
import {
  Code,
  ConnectError,
  type ContextValues,
  cors,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import allowOrigins from "cors";
import { answerHealth } from "../runtime/admin-server.ts";
import { addressKey } from "../runtime/call-limits.ts";
import type { ServiceBinding } from "../runtime/implement.ts";
import { observationKey, type observeEarly } from "../runtime/observe.ts";
import { policyOf } from "../runtime/policy.ts";
import type { Readiness } from "../runtime/readiness.ts";
import { blameTheCaller } from "./blame-the-caller.ts";
import { callOurselves } from "./call-ourselves.ts";
import type { AddressOf } from "./caller-address.ts";
import { answerPage, type FindPage } from "./pages/page.ts";
import { BODY_BOUNDS, type BodyBounds, boundBodies, type ReadBody } from "./request-bodies.ts";
import { answerTrace, TRACE_HEADER } from "./trace-header.ts";

const MAX_TIMEOUT_MS = 60_000;
const PREFLIGHT_MAX_AGE_S = 7200;
const LAST_WORDS_MS = 500;

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

type Request = Parameters<typeof universalRequestFromNodeRequest>[0];
type Response = Parameters<typeof universalResponseToNodeResponse>[1];

interface Rpc {
  request: Request;
  response: Response;
  address: string;
  readBody: ReadBody;
  observe: PublicOptions["observe"];
}

/** Ends with the reason why a call has failed. */
const signalKey = createContextKey<AbortSignal | undefined>(undefined, { description: "signal" });

export type PublicHandler = (request: Request, response: Response) => void;

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
      context.values.set(signalKey, context.signal);
      await options.doorkeeper(context);
      blameTheCaller(context);
    },
    acceptCompression: [compressionGzip, compressionBrotli],
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

/** As `connectNodeAdapter` does, which throws at an odd host and prints every caller that leaves to the console. */
async function answerRpc(rpc: UniversalHandler, options: Rpc): Promise<void> {
  const { request, response, address, readBody, observe } = options;
  const { method } = rpc;
  // What is said of a certificate, say, must not be an answer of yesterday. Nobody keeps the answer to a POST.
  if (request.method === "GET") response.setHeader("cache-control", "no-store");
  const contextValues = createContextValues().set(addressKey, address);
  const call = universalRequest(request, response, contextValues);
  if (!call) {
    response.writeHead(400);
    response.end();
    return;
  }
  endWithAnswer(request);
  const seen = { method, header: call.header, contextValues };
  const observation = observe(seen);
  contextValues.set(observationKey, observation);
  answerTrace(response as ServerResponse, observation);
  response.once("close", () => observation.end(codeOfEnd(contextValues), seen));
  try {
    const body = isBytes(call.body)
      ? wholeOrClosed(readBody(call.body, { address, method }), request, response)
      : call.body;
    await universalResponseToNodeResponse(await rpc({ ...call, body }), response);
  } catch {
    // The handlers answer every error of ours with a status; this is a caller that left before its answer.
    response.destroy();
  }
}

/** Of a call that no interceptor has seen: why it failed, or that it is none that Connect knows. */
function codeOfEnd(values: ContextValues): Code {
  const signal = values.get(signalKey);
  return signal === undefined ? Code.Unimplemented : ConnectError.from(signal.reason).code;
}

/**
 * Over HTTP/2 a request goes on after its answer as long as its sender wants it to, unless it is cut off. The trailer of
 * an answer is sent just after the rest.
 */
function endWithAnswer(request: Request): void {
  if (!("stream" in request)) return;
  const { stream } = request;
  stream.once("finish", () => {
    if (!request.complete) setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LAST_WORDS_MS).unref();
  });
}

/** Over HTTP/1.1 what is left of a body stands before the connection's next request. */
async function* wholeOrClosed(body: AsyncIterable<Uint8Array>, request: Request, response: Response) {
  try {
    yield* body;
  } catch (error) {
    if (!("stream" in request || response.headersSent)) (response as ServerResponse).setHeader("connection", "close");
    throw error;
  }
}

function isBytes(body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** Null where host and path make no URL. */
function universalRequest(request: Request, response: Response, values: ContextValues): UniversalServerRequest | null {
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch {
    return null;
  }
}
