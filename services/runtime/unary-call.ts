import { create, type DescMessage, type DescMethodUnary, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor, type UnaryRequest, type UnaryResponse } from "@connectrpc/connect";
import { CallEnd, ENDED, withSignal } from "./call-end.ts";

export interface UnaryCall<I extends DescMessage, O extends DescMessage> {
  request: Omit<UnaryRequest<I, O>, "stream" | "method" | "message" | "signal">;
  method: DescMethodUnary<I, O>;
  message: MessageInitShape<I>;
  interceptors: readonly Interceptor[];
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
  /** Makes the call, and breaks it off when it has to end. */
  send: (request: UnaryRequest<I, O>, ending: CallEnd) => Promise<UnaryResponse<I, O>>;
}

/**
 * Makes a unary call through interceptors, ended by its signal and its deadline. As Connect's runUnaryCall, which
 * makes a DOMException for every call that goes well (7 % of a client's CPU).
 */
export async function runUnary<I extends DescMessage, O extends DescMessage>(
  call: UnaryCall<I, O>,
): Promise<UnaryResponse<I, O>> {
  const { method, interceptors, send } = call;
  const ending = new CallEnd(call.signal, call.timeoutMs);
  const message = create(method.input, call.message);
  const { service, requestMethod, url, header, contextValues } = call.request;
  const facts = { service, method, requestMethod, url, header, contextValues };
  const own = withSignal({ ...facts, stream: false as const, message, ending }) as UnaryRequest;
  const last: ReturnType<Interceptor> = (request) => {
    if (request.stream) throw new Error(`an interceptor has made a stream of ${method.name}`);
    const unary = request as UnaryRequest<I, O>;
    return request === own ? send(unary, ending) : sendAsPassedOn(unary, send);
  };
  try {
    const response = await interceptors.reduceRight((next, interceptor) => interceptor(next), last)(own);
    if (response.stream) throw new Error(`an interceptor has answered ${method.name} with a stream`);
    ending.end(ENDED);
    return response as UnaryResponse<I, O>;
  } catch (reason) {
    const error = ending.hasEnded ? ConnectError.from(ending.reason, Code.Canceled) : ConnectError.from(reason);
    ending.end(error);
    throw error;
  }
}

/** Interceptors may pass on another signal. */
async function sendAsPassedOn<I extends DescMessage, O extends DescMessage>(
  request: UnaryRequest<I, O>,
  send: UnaryCall<I, O>["send"],
): Promise<UnaryResponse<I, O>> {
  const ending = new CallEnd(request.signal);
  try {
    return await send(request, ending);
  } finally {
    ending.end(ENDED);
  }
}
