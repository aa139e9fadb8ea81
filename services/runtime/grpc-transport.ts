import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type ContextValues, createContextValues, type Interceptor, type Transport } from "@connectrpc/connect";
import { runStreamingCall } from "@connectrpc/connect/protocol";
import { type ChannelCredentials, type ChannelOptions, Client, credentials as grpcCredentials } from "@grpc/grpc-js";
import { callingOptions } from "./calling-policy.ts";
import { callSignal, callTimeoutMs } from "./deadline.ts";
import { forgetCallsThatAreOver } from "./forgotten-streams.ts";
import { callStreaming, callUnary, pathOf } from "./grpc-calls.ts";
import { HeaderMap } from "./header-map.ts";
import { largestMessages } from "./message-limits.ts";
import { unaryCaller } from "./unary-call.ts";

export interface GrpcTransportOptions {
  /** What grpc-js resolves: "127.0.0.1:7101", "dns:///booking:7102", "ipv4:10.0.0.1:7102,10.0.0.2:7102". */
  address: string;
  /** What is called there: the calls that their contracts call repeatable are retried. None are unless given. */
  services?: readonly DescService[];
  /** Outermost first. */
  interceptors?: Interceptor[];
  /** Plain text unless given. */
  credentials?: ChannelCredentials;
  channelOptions?: ChannelOptions;
}

export interface GrpcTransport extends Transport {
  /** Ends the channel; calls under way fail. */
  close(): void;
}

/**
 * A connection carries so many calls, and what is more waits in silence. Streams stay: on a connection of their own they
 * take no unary call's place. It is made with the first of them.
 */
const OWN_CONNECTIONS: ChannelOptions = { "grpc.use_local_subchannel_pool": 1 };

forgetCallsThatAreOver();

/**
 * A Connect transport over a grpc-js channel: Connect's typed clients with gRPC's name resolution, balancing, retries
 * and connection care.
 *
 * A call without a timeout of its own gets what its contract says, or what is left of the call on whose behalf it is
 * made if that is less. With nothing left it fails with DEADLINE_EXCEEDED and nothing is sent.
 */
export function createGrpcTransport(options: GrpcTransportOptions): GrpcTransport {
  const services = options.services ?? [];
  const open = (more: ChannelOptions): Client =>
    new Client(options.address, options.credentials ?? grpcCredentials.createInsecure(), {
      "grpc.max_receive_message_length": largestMessages(services).responseBytes,
      "grpc.enable_channelz": 0,
      ...callingOptions(services),
      ...options.channelOptions,
      ...more,
    });
  const client = open({});
  const streams = open(OWN_CONNECTIONS);
  const interceptors = options.interceptors ?? [];
  const call = unaryCaller(interceptors, (request, limits) => callUnary(client.getChannel(), request, limits));

  return {
    unary(method, signal, timeoutMs, header, message, contextValues) {
      return call({ request: requestOf(method, header, contextValues), method, message, signal, timeoutMs });
    },

    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const budgetMs = callTimeoutMs(method, timeoutMs);
      const deadline = Date.now() + (budgetMs ?? Number.POSITIVE_INFINITY);
      return runStreamingCall({
        interceptors,
        ...limits(signal, budgetMs),
        req: { ...requestOf(method, header, contextValues), stream: true, method, message: input },
        next: (request) => callStreaming(streams, request, deadline),
      });
    },

    close() {
      client.close();
      streams.close();
    },
  };
}

function requestOf(method: DescMethod, header: HeadersInit | undefined, contextValues: ContextValues | undefined) {
  return {
    service: method.parent,
    requestMethod: "POST",
    url: pathOf(method),
    header: new HeaderMap(header),
    contextValues: contextValues ?? createContextValues(),
  };
}

function limits(signal: AbortSignal | undefined, timeoutMs: number | undefined) {
  const both = callSignal(signal);
  return { ...(both ? { signal: both } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}
