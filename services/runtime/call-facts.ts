import type { DescMethod } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";

type Request = Parameters<ReturnType<Interceptor>>[0];

/** "package.Service/Method", as gRPC and the RPC conventions write it. */
export function methodName({ method }: { method: DescMethod }): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** The `request_id` of a unary call that has one. */
export function requestIdOf(request: Request): string | undefined {
  if (request.stream || !("requestId" in request.message)) return undefined;
  const { requestId } = request.message;
  return typeof requestId === "string" && requestId !== "" ? requestId : undefined;
}
