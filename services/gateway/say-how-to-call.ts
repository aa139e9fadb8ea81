import type { DescMethod } from "@bufbuild/protobuf";
import { createAsyncIterable, type UniversalServerResponse } from "@connectrpc/connect/protocol";

const METHOD_NOT_ALLOWED = 405;
const UNSUPPORTED_MEDIA_TYPE = 415;

/** Gives words to the answers that Connect leaves empty: what is no call in any of its protocols. */
export function sayHowToCall(
  response: UniversalServerResponse,
  method: DescMethod,
  contentType: string | null,
): UniversalServerResponse {
  if (response.status !== METHOD_NOT_ALLOWED && response.status !== UNSUPPORTED_MEDIA_TYPE) return response;
  const { status } = response;
  const what = status === METHOD_NOT_ALLOWED ? "a call is a POST" : typesOf(method, contentType);
  const header = new Headers(response.header);
  header.set("content-type", "application/json");
  const bytes = new TextEncoder().encode(JSON.stringify({ code: "invalid_argument", message: what }));
  return { status, header, body: createAsyncIterable([bytes]) };
}

function typesOf(method: DescMethod, contentType: string | null): string {
  const own = method.methodKind === "unary" ? "application/" : "application/connect+";
  const kind = method.methodKind === "unary" ? "this call" : "this call is a stream, and";
  const came = contentType === null ? "there is none" : `not ${contentType}`;
  return `${kind} takes content-type ${own}json or ${own}proto, or those of gRPC and gRPC-Web; ${came}`;
}
