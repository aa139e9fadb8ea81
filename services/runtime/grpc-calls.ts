import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { getAbortSignalReason } from "@connectrpc/connect/protocol";
import {
  type ChannelInterface,
  type Client,
  type ClientDuplexStream,
  status as grpcStatus,
  type StatusObject,
} from "@grpc/grpc-js";
import { headersFrom, metadataFrom } from "./grpc-metadata.ts";
import { errorFrom } from "./grpc-status.ts";
import { HeaderMap } from "./header-map.ts";
import type { UnaryLimits } from "./unary-call.ts";

/** How a streaming call ended, once it has. */
interface Ending {
  status?: StatusObject;
}

const paths = new WeakMap<DescMethod, string>();
const identity = (bytes: Buffer): Buffer => bytes;

/**
 * Makes one unary call on a grpc-js channel. A client's `makeUnaryRequest` is not used: it puts three layers and the
 * stack of an error, a sixth of all that it does, around every call.
 */
export function callUnary<I extends DescMessage, O extends DescMessage>(
  channel: ChannelInterface,
  request: UnaryRequest<I, O>,
  { deadline, ending }: UnaryLimits,
): Promise<UnaryResponse<I, O>> {
  const { method, service } = request;
  const { promise, resolve, reject } = Promise.withResolvers<UnaryResponse<I, O>>();
  let header: Headers | undefined;
  let bytes: Buffer | undefined;
  const call = channel.createCall(pathOf(method), deadline, null, null, null);
  let closed = false;

  call.start(metadataFrom(request.header), {
    onReceiveMetadata: (metadata) => {
      header = headersFrom(metadata);
    },
    onReceiveMessage: (message: Buffer) => {
      if (bytes) call.cancelWithStatus(grpcStatus.UNIMPLEMENTED, "a unary call was answered twice");
      bytes = message;
    },
    // Comes last, whatever happened.
    onReceiveStatus: (status) => {
      closed = true;
      try {
        // A call that we ended ourselves failed for our reason, not for the channel's.
        if (ending.hasEnded) throw ending.reason;
        if (status.code !== grpcStatus.OK || bytes === undefined) throw errorOf(status, header);
        const message = decode(method.output, bytes);
        const trailer = headersFrom(status.metadata);
        resolve({ stream: false, service, method, header: header ?? new HeaderMap(), trailer, message });
      } catch (error) {
        reject(error);
      }
    },
  });
  call.startRead();
  call.sendMessageWithContext({}, encode(method.input, request.message));
  call.halfClose();
  ending.onEnd(() => {
    if (!closed) call.cancelWithStatus(grpcStatus.CANCELLED, "the caller has cancelled the call");
  });
  return promise;
}

/** Makes one streaming call of any kind; answers when the response's headers are there. */
export async function callStreaming<I extends DescMessage, O extends DescMessage>(
  client: Client,
  request: StreamRequest<I, O>,
  deadline: number,
): Promise<StreamResponse<I, O>> {
  const { method, service, signal } = request;
  let header: Headers = new HeaderMap();
  const trailer = new HeaderMap();
  // On the wire all streaming kinds are one.
  const call = client.makeBidiStreamRequest(pathOf(method), identity, identity, metadataFrom(request.header), {
    deadline,
  });
  const cancel = (): void => call.cancel();
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });

  const started = Promise.withResolvers<void>();
  const ending: Ending = {};
  call.once("metadata", (metadata) => {
    header = headersFrom(metadata);
    started.resolve();
  });
  call.on("error", () => undefined); // Its status tells the same.
  call.once("status", (status: StatusObject) => {
    signal.removeEventListener("abort", cancel);
    for (const [name, value] of headersFrom(status.metadata)) trailer.append(name, value);
    ending.status = status;
    started.resolve();
  });

  void send(call, ending, method.input, request.message);
  await started.promise;
  const message = responsesOf(call, ending, method.output, (status) =>
    signal.aborted ? getAbortSignalReason(signal) : errorOf(status, header),
  );
  return { stream: true, service, method, header, trailer, message };
}

/** Writes the requests as fast as the peer takes them, until the call ends. */
async function send<I extends DescMessage>(
  call: ClientDuplexStream<Buffer, Buffer>,
  ending: Ending,
  input: I,
  messages: AsyncIterable<MessageShape<I>>,
): Promise<void> {
  try {
    for await (const message of messages) {
      if (ending.status) return;
      if (!call.write(encode(input, message))) await either(call, "drain", "status");
    }
    call.end();
  } catch {
    call.cancel(); // The requests broke off; runStreamingCall reports why.
  }
}

async function* responsesOf<O extends DescMessage>(
  call: ClientDuplexStream<Buffer, Buffer>,
  ending: Ending,
  output: O,
  errorOfStatus: (status: StatusObject) => unknown,
): AsyncGenerator<MessageShape<O>> {
  try {
    for (;;) {
      const bytes: Buffer | null = call.read();
      if (bytes !== null) yield decode(output, bytes);
      else if (ending.status === undefined) await either(call, "readable", "status");
      else if (ending.status.code !== grpcStatus.OK) throw errorOfStatus(ending.status);
      else return;
    }
  } finally {
    call.cancel(); // Without effect once the call has ended.
  }
}

function errorOf(status: StatusObject, header: Headers | undefined): ConnectError {
  if (status.code === grpcStatus.OK) return new ConnectError("the response has no message", Code.Unimplemented);
  return errorFrom(status, header);
}

function either(emitter: NodeJS.EventEmitter, one: string, other: string): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      emitter.off(one, settle).off(other, settle);
      resolve();
    };
    emitter.on(one, settle).on(other, settle);
  });
}

/** "/package.Service/Method" */
export function pathOf(method: DescMethod): string {
  return paths.getOrInsertComputed(method, ({ parent, name }) => `/${parent.typeName}/${name}`);
}

function encode<I extends DescMessage>(input: I, message: MessageShape<I>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(input, message);
  return Buffer.from(buffer, byteOffset, byteLength);
}

function decode<O extends DescMessage>(output: O, bytes: Buffer): MessageShape<O> {
  try {
    return fromBinary(output, bytes);
  } catch (cause) {
    throw new ConnectError("the response is not a valid message of its type", Code.Internal, {}, [], cause);
  }
}
