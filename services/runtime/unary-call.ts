import { create, type DescMessage, type DescMethodUnary, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor, type UnaryRequest, type UnaryResponse } from "@connectrpc/connect";
import { getAbortSignalReason } from "@connectrpc/connect/protocol";
import { ENDED, limitedSignal } from "./limited-signal.ts";

export interface UnaryCall<I extends DescMessage, O extends DescMessage> {
  request: Omit<UnaryRequest<I, O>, "stream" | "method" | "message" | "signal">;
  method: DescMethodUnary<I, O>;
  message: MessageInitShape<I>;
  interceptors: readonly Interceptor[];
  signal: AbortSignal | undefined;
  timeoutMs: number | undefined;
  send: (request: UnaryRequest<I, O>) => Promise<UnaryResponse<I, O>>;
}

/**
 * Makes a unary call through interceptors, ended by its signal and its deadline. As Connect's runUnaryCall, which
 * makes a DOMException for every call that goes well (7 % of a client's CPU).
 */
export async function runUnary<I extends DescMessage, O extends DescMessage>(
  call: UnaryCall<I, O>,
): Promise<UnaryResponse<I, O>> {
  const { method, interceptors, send } = call;
  const last: ReturnType<Interceptor> = (request) => {
    if (request.stream) throw new Error(`an interceptor has made a stream of ${method.name}`);
    return send(request as UnaryRequest<I, O>);
  };
  const next = interceptors.reduceRight((inner, interceptor) => interceptor(inner), last);
  const { signal, end } = limitedSignal(call.signal, call.timeoutMs);
  try {
    const message = create(method.input, call.message);
    const response = await next({ ...call.request, stream: false, method, message, signal } as UnaryRequest);
    if (response.stream) throw new Error(`an interceptor has answered ${method.name} with a stream`);
    end(ENDED);
    return response as UnaryResponse<I, O>;
  } catch (reason) {
    const error = signal.aborted
      ? ConnectError.from(getAbortSignalReason(signal), Code.Canceled)
      : ConnectError.from(reason);
    end(error);
    throw error;
  }
}
