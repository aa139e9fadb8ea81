import type { SecureServerOptions } from "node:http2";
import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createServiceImplSpec, type Interceptor, type MethodImplSpec } from "@connectrpc/connect";
import { getAbortSignalReason, transformInvokeImplementation } from "@connectrpc/connect/protocol";
import { untilAborted } from "./abort.ts";
import { runInCall } from "./call-context.ts";
import { ENDED } from "./call-end.ts";
import { callContextOf } from "./call-headers.ts";
import { type EncodedMessage, encodeMessage } from "./encoded-message.ts";
import { type OpenCall, openCall } from "./handler-context.ts";
import { createHttp2Server, type Http2Server } from "./http2-server.ts";
import type { ServiceBinding } from "./implement.ts";
import { checkRequestSize, checkResponseSize } from "./message-limits.ts";
import { policyOf } from "./policy.ts";
import { left, ServerStream } from "./server-stream.ts";
import { unaryInvocation } from "./unary-invocation.ts";

export interface GrpcServerOptions {
  services: ServiceBinding[];
  /** Outermost first. */
  interceptors?: Interceptor[];
  /** The server's certificate, and whose certificates it asks for. Plain text unless given. */
  secure?: SecureServerOptions | undefined;
  maxStreamsPerConnection?: number;
}

/** Answers one call of a method. */
type Answerer = (stream: ServerStream) => void;

interface AnswererOptions {
  interceptors: Interceptor[];
  /** Whether every client shows a certificate. */
  certified: boolean;
}

/** A call that is being answered. */
interface Answered {
  stream: ServerStream;
  context: OpenCall;
}

/** Streams and unary calls together; a client keeps what is more to itself until there is room. */
export const MAX_STREAMS_PER_CONNECTION = 1000;
/** A caller ends the call at its own deadline, which is earlier than ours by the way of the message. */
const CANCELS_EARLY_MS = 25;
const CONTENT_TYPE = /^application\/grpc(\+proto)?(;|$)/;

/**
 * A server of gRPC that serves Connect's typed implementations, with Connect's interceptors, contexts and errors. On node:http2,
 * which by itself takes two thirds of what a grpc-js server does for a unary echo. Errors go out as Trailers-Only, which a
 * client needs to be allowed to retry.
 *
 * The caller's deadline counts if it is shorter than the contract's, from the moment the call comes. Past it the call is
 * answered with DEADLINE_EXCEEDED, whether or not its request has come and the handler heeds its signal.
 */
export function createGrpcServer(options: GrpcServerOptions): Http2Server {
  const { interceptors = [], maxStreamsPerConnection = MAX_STREAMS_PER_CONNECTION, secure } = options;
  const certified = secure !== undefined;
  const methods = new Map<string, Answerer>();
  for (const { service, impl } of options.services) {
    for (const spec of Object.values(createServiceImplSpec(service, impl).methods)) {
      methods.set(pathOf(service, spec.method), answerer(spec, { interceptors, certified }));
    }
  }
  return createHttp2Server({
    maxStreamsPerConnection,
    secure,
    onStream(http2Stream, header) {
      const stream = new ServerStream(http2Stream, header);
      const path = header[":path"] ?? "";
      if (header[":method"] !== "POST") return stream.refuse(405);
      if (!CONTENT_TYPE.test(header["content-type"] ?? "")) return stream.refuse(415);
      const answer = methods.get(path);
      if (answer) answer(stream);
      else stream.fail(new ConnectError(`there is no method ${path} here`, Code.Unimplemented));
    },
  });
}

function pathOf(service: DescService, method: DescMethod): string {
  return `/${service.typeName}/${method.name}`;
}

function answerer(spec: MethodImplSpec, { interceptors, certified }: AnswererOptions): Answerer {
  const within = ({ stream, context }: Answered, work: () => void): void =>
    // A certificate is looked at for those who need it.
    runInCall(callContextOf(context, certified ? () => stream.peerServices() : undefined), work);

  if (spec.kind === "unary") {
    const invoke = unaryInvocation(spec, interceptors);
    return (stream) => {
      const call = open(stream, spec.method);
      if (call) receiveOne(call, (bytes) => within(call, () => void answer(call, bytes, invoke)));
    };
  }
  // On the wire all streaming kinds are one; Connect's invocation tells them apart.
  return (stream) => {
    const call = open(stream, spec.method);
    if (!call) return;
    const invoke = transformInvokeImplementation(spec, call.context, interceptors);
    within(call, () => void respondWith(call, () => invoke(requestsOf(call))));
  };
}

/** Opens a call that ends at its deadline, or when the caller leaves. Undefined when it could not be, and is answered. */
function open(stream: ServerStream, method: DescMethod): Answered | undefined {
  try {
    const context = openCall(method, pathOf(method.parent, method), stream.header, timeoutMs(stream, method));
    stream.onLeave(() => {
      if (context.ending.hasEnded) return;
      const expired = (context.timeoutMs() ?? Number.POSITIVE_INFINITY) <= CANCELS_EARLY_MS;
      context.ending.end(expired ? new ConnectError("the deadline has passed", Code.DeadlineExceeded) : left());
    });
    return { stream, context };
  } catch (error) {
    stream.fail(ConnectError.from(error));
    return undefined;
  }
}

/** What the contract gives, or the caller if that is less. */
function timeoutMs(stream: ServerStream, method: DescMethod): number | undefined {
  const { deadlineMs } = policyOf(method);
  const callersMs = stream.timeoutMs;
  return deadlineMs === undefined || callersMs === undefined
    ? (callersMs ?? deadlineMs)
    : Math.min(callersMs, deadlineMs);
}

/** Takes the request of a unary call, which is answered as soon as it has ended. */
function receiveOne({ stream, context }: Answered, take: (bytes: Buffer) => void): void {
  const { ending, method } = context;
  ending.onEnd((reason) => {
    if (reason !== ENDED) stream.fail(ConnectError.from(reason, Code.Internal));
  });
  stream.receiveOne({
    checkSize: (bytes) => checkRequestSize(method, bytes),
    take: (bytes) => {
      if (!ending.hasEnded) take(bytes);
    },
    fail: (error) => ending.end(error),
  });
}

async function answer(
  { stream, context }: Answered,
  bytes: Buffer,
  invoke: ReturnType<typeof unaryInvocation>,
): Promise<void> {
  const { ending, method } = context;
  try {
    const { header, trailer, message } = await invoke(context, decode(method, bytes));
    const encoded = encode(method, message as MessageShape<DescMessage>);
    if (ending.hasEnded) return;
    if (!isEmpty(header)) stream.sendHeader(header);
    stream.endWithMessage(encoded, isEmpty(trailer) ? undefined : trailer);
    ending.end(ENDED);
  } catch (error) {
    ending.end(error);
  }
}

async function respondWith(
  { stream, context }: Answered,
  invoke: () => AsyncIterable<MessageShape<DescMessage>>,
): Promise<void> {
  const { method, signal } = context;
  const responses = invoke()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await untilAborted(responses.next(), signal);
      if (next.done === true) break;
      stream.sendHeader(context.responseHeader);
      if (!stream.send(encode(method, next.value))) await untilAborted(stream.drained(), signal);
    }
    stream.sendHeader(context.responseHeader);
    stream.end(context.responseTrailer);
  } catch (error) {
    responses.return?.().catch(() => undefined); // Its failure changes nothing: the call has its status.
    stream.fail(ConnectError.from(error, Code.Internal));
  } finally {
    context.ending.end(ENDED);
  }
}

async function* requestsOf({ stream, context }: Answered): AsyncGenerator<MessageShape<DescMessage>> {
  const { method, signal } = context;
  try {
    for await (const bytes of stream.messages((size) => checkRequestSize(method, size))) yield decode(method, bytes);
  } catch (error) {
    throw signal.aborted ? getAbortSignalReason(signal) : error;
  }
}

function encode(method: DescMethod, message: MessageShape<DescMessage>): EncodedMessage {
  const bytes = encodeMessage(method.output, message);
  checkResponseSize(method, bytes.byteLength);
  return bytes;
}

function decode(method: DescMethod, bytes: Buffer): MessageShape<DescMessage> {
  try {
    return fromBinary(method.input, bytes);
  } catch (cause) {
    throw new ConnectError("the request is not a valid message of its type", Code.InvalidArgument, {}, [], cause);
  }
}

function isEmpty(headers: Headers): boolean {
  return headers.keys().next().done === true;
}
