import type { DescMethod, DescMethodStreaming, DescMethodUnary, DescService, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl, type Transport } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { TIME_HEADER } from "../runtime/call-headers.ts";
import { type DescriptorIndex, indexDescriptors } from "../runtime/descriptor-index.ts";
import { invalidFields } from "../runtime/errors.ts";
import { isText } from "../runtime/grpc-metadata.ts";
import { HeaderMap } from "../runtime/header-map.ts";
import { implement, type ServiceBinding } from "../runtime/implement.ts";
import { readableDetails } from "./readable-details.ts";

/** What a caller says about a call, and the service behind must hear. Deadline and trace travel by themselves. */
const PASSED_ON = ["authorization", TIME_HEADER];

/** Response headers of ours; the rest belongs to the hop. */
const OURS = /^cadre-/;

export interface Backend {
  /** As callers read it: "the trainer service is not available". */
  name: string;
  transport: Transport;
}

/** A backend with what its refusals may be made of. */
interface Target extends Backend {
  types: DescriptorIndex;
}

/** Connect has no name for the implementation of a method that is known only at run time. */
type AnyMethodImpl = (request: never, context: HandlerContext) => Promise<Message> | AsyncIterable<Message>;

/** A service that another process answers. */
export interface ForwardedService extends ServiceBinding {
  backend: string;
}

/** Every method of the service, answered by the backend: the same call, with the same refusals. */
export function forward(service: DescService, backend: Backend): ForwardedService {
  const types = indexDescriptors([service], [file_google_rpc_error_details]);
  const target = { ...backend, types };
  const methods = service.methods.map((method) => [method.localName, forwardMethod(method, target)]);
  const impl = Object.fromEntries(methods) as ServiceImpl<DescService>;
  return { ...implement(service, impl), backend: backend.name };
}

function forwardMethod(method: DescMethod, backend: Target): AnyMethodImpl {
  if (method.methodKind === "unary") {
    const unary = method as DescMethodUnary;
    return (request: Message, context: HandlerContext) => forwardUnary(unary, backend, request, context);
  }
  const streaming = method as DescMethodStreaming;
  switch (method.methodKind) {
    case "server_streaming":
      return (request: Message, context: HandlerContext) =>
        forwardStream(streaming, backend, createAsyncIterable([request]), context);
    case "bidi_streaming":
      return (requests: AsyncIterable<Message>, context: HandlerContext) =>
        forwardStream(streaming, backend, requests, context);
    case "client_streaming":
      return async (requests: AsyncIterable<Message>, context: HandlerContext) => {
        const [response] = await Array.fromAsync(forwardStream(streaming, backend, requests, context));
        if (!response) throw new ConnectError("internal error", Code.Internal);
        return response;
      };
  }
}

async function forwardUnary(
  method: DescMethodUnary,
  backend: Target,
  request: Message,
  context: HandlerContext,
): Promise<Message> {
  const call = callOf(context);
  try {
    const response = await backend.transport.unary(method, ...call, request);
    copyOurs(response.header, context.responseHeader);
    copyOurs(response.trailer, context.responseTrailer);
    return response.message;
  } catch (error) {
    throw refusalOf(error, backend);
  }
}

async function* forwardStream(
  method: DescMethodStreaming,
  backend: Target,
  requests: AsyncIterable<Message>,
  context: HandlerContext,
): AsyncGenerator<Message> {
  const call = callOf(context);
  try {
    const response = await backend.transport.stream(method, ...call, requests);
    copyOurs(response.header, context.responseHeader);
    yield* response.message;
    copyOurs(response.trailer, context.responseTrailer);
  } catch (error) {
    throw refusalOf(error, backend);
  }
}

function callOf(context: HandlerContext): [AbortSignal, number | undefined, Headers] {
  const header = new HeaderMap();
  for (const name of PASSED_ON) {
    const value = context.requestHeader.get(name);
    if (value === null) continue;
    if (isText(value)) header.set(name, value);
    // A time that is not heard would be another time; a token of that kind is none.
    else if (name === TIME_HEADER) throw invalidFields([{ path: `${name} (header)`, message: "is not ASCII" }]);
  }
  return [context.signal, context.timeoutMs(), header];
}

function copyOurs(from: Headers, to: Headers): void {
  from.forEach((value, name) => {
    if (OURS.test(name)) to.set(name, value);
  });
}

/** The backend's status with nothing of the hop to it. What a backend does not mean to say stays behind. */
function refusalOf(reason: unknown, { name, types }: Target): ConnectError {
  const error = ConnectError.from(reason);
  const internal = error.code === Code.Internal || error.code === Code.Unknown || error.code === Code.DataLoss;
  if (internal) return new ConnectError("internal error", Code.Internal, {}, [], error);
  // Only a refusal of the service itself has details; the rest is the channel talking of addresses.
  if (error.code === Code.Unavailable && error.details.length === 0) {
    return new ConnectError(`the ${name} service is not available at the moment`, Code.Unavailable, {}, [], error);
  }
  const refusal = new ConnectError(error.rawMessage, error.code, {}, [], error);
  refusal.details = readableDetails(error.details, types);
  copyOurs(error.metadata, refusal.metadata);
  return refusal;
}
