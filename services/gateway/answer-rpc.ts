import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { addressKey } from "../runtime/call-limits.ts";
import { observationKey, type observeEarly } from "../runtime/observe.ts";
import type { ReadBody } from "./request-bodies.ts";
import { sayHowToCall } from "./say-how-to-call.ts";
import { answerTrace } from "./trace-header.ts";

const LAST_WORDS_MS = 500;

/** Of HTTP/1.1 or HTTP/2. */
export type RpcRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
export type RpcResponse = Parameters<typeof universalResponseToNodeResponse>[1];

interface Rpc {
  request: RpcRequest;
  response: RpcResponse;
  address: string;
  readBody: ReadBody;
  /** Sees every call, also one that ends before it comes to the interceptors. */
  observe: ReturnType<typeof observeEarly>;
}

/** Ends with the reason why a call has failed. */
const signalKey = createContextKey<AbortSignal | undefined>(undefined, { description: "signal" });

/** Lets it be told why a call has failed that comes to no interceptor. */
export function noteSignal({ values, signal }: HandlerContext): void {
  values.set(signalKey, signal);
}

/** As `connectNodeAdapter` does, which throws at an odd host and prints every caller that leaves to the console. */
export async function answerRpc(rpc: UniversalHandler, options: Rpc): Promise<void> {
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
  response.once("close", () => {
    if (contextValues.get(observationKey) !== undefined) observation.end(codeOfEnd(contextValues), seen);
  });
  try {
    const body = isBytes(call.body)
      ? wholeOrClosed(
          readBody(call.body, { address, method, onClose: (listener) => response.once("close", listener) }),
          request,
          response,
        )
      : call.body;
    const answer = await rpc({ ...call, body });
    const contentType = call.header.get("content-type");
    await universalResponseToNodeResponse(sayHowToCall(answer, method, contentType), response);
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
function endWithAnswer(request: RpcRequest): void {
  if (!("stream" in request)) return;
  const { stream } = request;
  stream.once("finish", () => {
    if (!request.complete) setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LAST_WORDS_MS).unref();
  });
}

/** Over HTTP/1.1 what is left of a body stands before the connection's next request. */
async function* wholeOrClosed(body: AsyncIterable<Uint8Array>, request: RpcRequest, response: RpcResponse) {
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
function universalRequest(
  request: RpcRequest,
  response: RpcResponse,
  values: ContextValues,
): UniversalServerRequest | null {
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch {
    return null;
  }
}
