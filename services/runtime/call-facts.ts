import type { DescMethod } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";

type Request = Parameters<ReturnType<Interceptor>>[0];

/** As much of a call as is known before its message is. */
export type EarlyRequest = Pick<Request, "method" | "header" | "contextValues">;

/** "package.Service/Method", as gRPC and the RPC conventions write it. */
export function methodName({ method }: { method: DescMethod }): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** Whatever else a caller calls its request is for validation to refuse, not for logs to keep. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The `request_id` of a unary call that has one. */
export function requestIdOf(request: object | Request): string | undefined {
  if (!("message" in request) || request.stream || !("requestId" in request.message)) return undefined;
  const { requestId } = request.message;
  return typeof requestId === "string" && UUID.test(requestId) ? requestId : undefined;
}
