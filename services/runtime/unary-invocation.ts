import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  createContextKey,
  type HandlerContext,
  type Interceptor,
  type MethodImplSpec,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { withSignal } from "./call-end.ts";
import type { OpenCall } from "./handler-context.ts";

type UnarySpec = Extract<MethodImplSpec, { kind: "unary" }>;
type Invocation = (context: OpenCall, message: MessageShape<DescMessage>) => Promise<UnaryResponse>;

/** A call on its way through the interceptors. */
interface Invoked {
  context: OpenCall;
  request: UnaryRequest;
}

/** Carries it past the interceptors to the implementation. */
const invokedKey = createContextKey<Invoked | undefined>(undefined, { description: "invoked" });

/** The implementation behind its interceptors, as Connect invokes it, but put together once and not for every call. */
export function unaryInvocation(spec: UnarySpec, interceptors: readonly Interceptor[]): Invocation {
  const { impl, method } = spec;
  const implementation: ReturnType<Interceptor> = async (request) => {
    const invoked = request.contextValues.get(invokedKey);
    if (!invoked || request.stream) throw new Error(`an interceptor has made another call of ${method.name}`);
    const { responseHeader: header, responseTrailer: trailer } = invoked.context;
    const context = request === invoked.request ? invoked.context : asPassedOn(invoked.context, request);
    const message = create(method.output, await impl(request.message, context));
    return { stream: false, service: method.parent, method, header, trailer, message };
  };
  const outermost = interceptors.reduceRight((next, interceptor) => interceptor(next), implementation);

  return async (context, message) => {
    const { service, requestMethod, url, requestHeader: header, values: contextValues, ending } = context;
    const stream = false as const;
    const call = { service, method, requestMethod, url, header, contextValues, ending, stream, message };
    const request: UnaryRequest = withSignal(call);
    contextValues.set(invokedKey, { context, request });
    const response = await outermost(request);
    if (response.stream) throw new Error(`an interceptor has answered ${method.name} with a stream`);
    return response;
  };
}

/** Interceptors may pass on another header, signal or set of values. */
function asPassedOn(context: OpenCall, { header, signal, contextValues }: UnaryRequest): HandlerContext {
  return { ...context, requestHeader: header, signal, values: contextValues };
}
