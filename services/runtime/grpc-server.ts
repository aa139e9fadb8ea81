import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createServiceImplSpec, type Interceptor, type MethodImplSpec } from "@connectrpc/connect";
import { getAbortSignalReason, transformInvokeImplementation } from "@connectrpc/connect/protocol";
import {
  Server,
  type ServerDuplexStream,
  type ServerOptions,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { untilAborted } from "./abort.ts";
import { type CallContext, runInCall } from "./call-context.ts";
import { ENDED } from "./call-end.ts";
import { callContextOf } from "./call-headers.ts";
import { type EncodedMessage, encodeMessage } from "./encoded-message.ts";
import { headersFrom, metadataFrom } from "./grpc-metadata.ts";
import { statusFrom } from "./grpc-status.ts";
import { type CallTime, type OpenCall, openCall } from "./handler-context.ts";
import type { ServiceBinding } from "./implement.ts";
import { checkRequestSize, checkResponseSize, largestMessages } from "./message-limits.ts";
import { policyOf } from "./policy.ts";
import { allowResets } from "./reset-limit.ts";
import { servicesNamedBy } from "./tls.ts";
import { unaryInvocation } from "./unary-invocation.ts";

export interface GrpcServerOptions {
  services: ServiceBinding[];
  /** Outermost first. */
  interceptors?: Interceptor[];
  /** Whether every client shows a certificate. */
  certified?: boolean;
  channelOptions?: ServerOptions;
}

type UnaryCall = ServerUnaryCall<Buffer, EncodedMessage>;
type Answer = { header: Headers; trailer: Headers; bytes: EncodedMessage };
type StreamingCall = ServerDuplexStream<Buffer, EncodedMessage>;

/** Streams and unary calls together; a client keeps what is more to itself until there is room. */
export const MAX_STREAMS_PER_CONNECTION = 1000;
/** A client that does not answer a ping is gone, whatever its connection looks like. */
const KEEPALIVE_TIME_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
/** A caller ends the call at its own deadline, which is earlier than ours by the way of the message. */
const CANCELS_EARLY_MS = 25;
const identity = (bytes: Buffer): Buffer => bytes;
/** grpc-js copies it into a buffer of its own, and asks no more of it than that takes. */
const asBuffer = (bytes: EncodedMessage): Buffer => bytes as Buffer;

/**
 * A grpc-js server that serves Connect's typed implementations, with Connect's interceptors, contexts and errors.
 * grpc-js answers a unary echo at a quarter of connect-node's CPU and sends errors as Trailers-Only, which a gRPC client
 * needs to be allowed to retry.
 *
 * The caller's deadline counts if it is shorter than the contract's. Past it the call is answered with
 * DEADLINE_EXCEEDED, whether or not the handler heeds its signal.
 */
export function createGrpcServer(options: GrpcServerOptions): Server {
  const server = new Server({
    "grpc.max_receive_message_length": largestMessages(options.services.map(({ service }) => service)).requestBytes,
    "grpc.max_concurrent_streams": MAX_STREAMS_PER_CONNECTION,
    "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.enable_channelz": 0,
    ...options.channelOptions,
  });
  allowResets(server);
  for (const { service, impl } of options.services) {
    for (const spec of Object.values(createServiceImplSpec(service, impl).methods)) {
      register(server, service, spec, options);
    }
  }
  return server;
}

function register(server: Server, service: DescService, spec: MethodImplSpec, options: GrpcServerOptions): void {
  const path = `/${service.typeName}/${spec.method.name}`;
  const interceptors = options.interceptors ?? [];

  if (spec.kind === "unary") {
    const invoke = unaryInvocation(spec, interceptors);
    const handle = (call: UnaryCall, respond: sendUnaryData<EncodedMessage>): void => {
      const context = openContext(call, spec.method, path);
      runInCall(callContextOf(context, peerOf(call, options)), () =>
        answer(call, respond, context, async () => {
          const { header, trailer, message } = await invoke(context, decode(spec.method, call.request));
          return { header, trailer, bytes: encode(spec.method, message) };
        }),
      );
    };
    server.register(path, handle, asBuffer, identity, "unary");
    return;
  }

  // On the wire all streaming kinds are one; Connect's invocation tells them apart.
  const handle = (call: StreamingCall): void => {
    const context = openContext(call, spec.method, path);
    const invoke = transformInvokeImplementation(spec, context, interceptors);
    void runInCall(callContextOf(context, peerOf(call, options)), () =>
      respondWith(call, context, spec.method, () => invoke(requestsOf(call, context, spec.method))),
    );
  };
  server.register(path, handle, asBuffer, identity, "bidi");
}

/** A certificate is looked at for those who need it. */
function peerOf(call: UnaryCall | StreamingCall, { certified }: GrpcServerOptions): CallContext["peerServices"] {
  return certified ? () => servicesNamedBy(call.getAuthContext().sslPeerCertificate ?? {}) : undefined;
}

function openContext(call: UnaryCall | StreamingCall, method: DescMethod, path: string): OpenCall {
  const context = openCall(method, path, headersFrom(call.metadata), timeOf(call, method));
  // grpc-js reports a passed deadline as a cancellation too, and every finished call.
  (call as NodeJS.EventEmitter).on("cancelled", () => {
    if (context.ending.hasEnded) return;
    const expired = (context.timeoutMs() ?? Number.POSITIVE_INFINITY) <= CANCELS_EARLY_MS;
    context.ending.end(
      expired
        ? new ConnectError("the deadline has passed", Code.DeadlineExceeded)
        : new ConnectError("the caller has cancelled the call", Code.Canceled),
    );
  });
  return context;
}

/** What the contract gives, or the caller if that is less: then grpc-js has a timer for it. */
function timeOf(call: UnaryCall | StreamingCall, method: DescMethod): CallTime {
  const callersMs = Number(call.getDeadline()) - Date.now();
  const contractsMs = policyOf(method).deadlineMs ?? Number.POSITIVE_INFINITY;
  const timeoutMs = Math.min(callersMs, contractsMs);
  return { timeoutMs: Number.isFinite(timeoutMs) ? timeoutMs : undefined, watched: callersMs <= contractsMs };
}

/** Responds once: with what `work` gives, or as soon as the call is aborted. */
function answer(
  call: UnaryCall,
  respond: sendUnaryData<EncodedMessage>,
  context: OpenCall,
  work: () => Promise<Answer>,
): void {
  let answered = false;
  const finish = (send: () => void): void => {
    if (answered) return;
    answered = true;
    send();
    context.ending.end(ENDED);
  };
  const fail = (error: unknown): void => finish(() => respond(statusFrom(ConnectError.from(error, Code.Internal))));

  context.ending.onEnd(fail);
  if (context.ending.hasEnded) return;
  work().then(({ header, trailer, bytes }) => {
    finish(() => {
      if (!isEmpty(header)) call.sendMetadata(metadataFrom(header));
      respond(null, bytes, isEmpty(trailer) ? undefined : metadataFrom(trailer));
    });
  }, fail);
}

async function respondWith(
  call: StreamingCall,
  context: OpenCall,
  method: DescMethod,
  invoke: () => AsyncIterable<MessageShape<DescMessage>>,
): Promise<void> {
  const responses = invoke()[Symbol.asyncIterator]();
  let headerSent = false;
  const sendHeader = (): void => {
    if (!headerSent) call.sendMetadata(metadataFrom(context.responseHeader));
    headerSent = true;
  };
  try {
    for (;;) {
      const next = await untilAborted(responses.next(), context.signal);
      if (next.done === true) break;
      sendHeader();
      if (!call.write(encode(method, next.value))) await untilAborted(drained(call), context.signal);
    }
    sendHeader();
    call.end(metadataFrom(context.responseTrailer));
  } catch (error) {
    responses.return?.().catch(() => undefined); // Its failure changes nothing: the call has its status.
    call.emit("error", statusFrom(ConnectError.from(error, Code.Internal)));
  } finally {
    context.ending.end(ENDED);
  }
}

async function* requestsOf(
  call: StreamingCall,
  context: OpenCall,
  method: DescMethod,
): AsyncGenerator<MessageShape<DescMessage>> {
  try {
    for await (const bytes of call.iterator({ destroyOnReturn: false })) yield decode(method, bytes);
  } catch (error) {
    throw context.signal.aborted ? getAbortSignalReason(context.signal) : error;
  }
}

function drained(call: StreamingCall): Promise<void> {
  return new Promise((resolve) => call.once("drain", resolve));
}

function encode(method: DescMethod, message: MessageShape<DescMessage>): EncodedMessage {
  const bytes = encodeMessage(method.output, message);
  checkResponseSize(method, bytes.byteLength);
  return bytes;
}

function decode(method: DescMethod, bytes: Buffer): MessageShape<DescMessage> {
  checkRequestSize(method, bytes.byteLength);
  try {
    return fromBinary(method.input, bytes);
  } catch (cause) {
    throw new ConnectError("the request is not a valid message of its type", Code.InvalidArgument, {}, [], cause);
  }
}

function isEmpty(headers: Headers): boolean {
  return headers.keys().next().done === true;
}
