import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  createContextKey,
  type HandlerContext,
  type Interceptor,
  type MethodImplSpec,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";

type UnarySpec = Extract<MethodImplSpec, { kind: "unary" }>;
type Invocation = (context: HandlerContext, message: MessageShape<DescMessage>) => Promise<UnaryResponse>;

/** Carries the context past the interceptors to the implementation. */
const contextKey = createContextKey<HandlerContext | undefined>(undefined, { description: "handler context" });

/** The implementation behind its interceptors, as Connect invokes it, but put together once and not for every call. */
export function unaryInvocation(spec: UnarySpec, interceptors: readonly Interceptor[]): Invocation {
  const { impl, method } = spec;
  const implementation: ReturnType<Interceptor> = async (request) => {
    const context = request.contextValues.get(contextKey);
    if (!context || request.stream) throw new Error(`an interceptor has made another call of ${method.name}`);
    const message = create(method.output, await impl(request.message, asPassedOn(context, request)));
    const { responseHeader: header, responseTrailer: trailer } = context;
    return { stream: false, service: method.parent, method, header, trailer, message };
  };
  const outermost = interceptors.reduceRight((next, interceptor) => interceptor(next), implementation);

  return async (context, message) => {
    const { service, requestMethod, url, signal, requestHeader: header, values } = context;
    const contextValues = values.set(contextKey, context);
    const call = { service, method, requestMethod, url, signal, header, contextValues };
    const response = await outermost({ ...call, stream: false, message });
    if (response.stream) throw new Error(`an interceptor has answered ${method.name} with a stream`);
    return response;
  };
}

/** Interceptors may pass on another header, signal or set of values. */
function asPassedOn(context: HandlerContext, { header, signal, contextValues }: UnaryRequest): HandlerContext {
  if (header === context.requestHeader && signal === context.signal && contextValues === context.values) return context;
  return { ...context, requestHeader: header, signal, values: contextValues };
}
