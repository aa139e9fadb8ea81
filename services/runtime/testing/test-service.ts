import { setTimeout } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  PayloadSchema,
  type ResponseParameters,
  SimpleResponseSchema,
  StreamingOutputCallResponseSchema,
} from "../../../gen/grpc/testing/messages_pb.ts";
import { TestService } from "../../../gen/grpc/testing/test_pb.ts";
import { implement, type ServiceBinding } from "../implement.ts";

const ECHO_HEADER = "x-grpc-test-echo-initial";
const ECHO_TRAILER = "x-grpc-test-echo-trailing-bin";

type Context = Parameters<ServiceImpl<typeof TestService>["unaryCall"]>[1];

/** The implementation of gRPC's interoperability tests, as its description asks: doc/interop-test-descriptions.md of grpc/grpc. */
export const testImpl: ServiceImpl<typeof TestService> = {
  emptyCall: () => ({}),
  unaryCall(request, context) {
    echo(context);
    failIfAsked(request.responseStatus);
    return create(SimpleResponseSchema, { payload: payload(request.responseSize) });
  },
  cacheableUnaryCall: (request) => ({ payload: payload(request.responseSize) }),
  async *streamingOutputCall(request, context) {
    echo(context);
    for (const parameters of request.responseParameters) yield await output(parameters, context.signal);
    failIfAsked(request.responseStatus);
  },
  async streamingInputCall(requests, context) {
    echo(context);
    let aggregatedPayloadSize = 0;
    for await (const request of requests) aggregatedPayloadSize += request.payload?.body.byteLength ?? 0;
    return { aggregatedPayloadSize };
  },
  async *fullDuplexCall(requests, context) {
    echo(context);
    for await (const request of requests) {
      failIfAsked(request.responseStatus);
      for (const parameters of request.responseParameters) yield await output(parameters, context.signal);
    }
  },
  async *halfDuplexCall(requests, context) {
    echo(context);
    const all = await Array.fromAsync(requests);
    for (const request of all)
      for (const parameters of request.responseParameters) yield await output(parameters, context.signal);
  },
  unimplementedCall() {
    throw new ConnectError("this method is left out on purpose", Code.Unimplemented);
  },
};

export const testService: ServiceBinding = { ...implement(TestService, testImpl), open: true };

function echo({ requestHeader, responseHeader, responseTrailer }: Context): void {
  const header = requestHeader.get(ECHO_HEADER);
  if (header !== null) responseHeader.set(ECHO_HEADER, header);
  const trailer = requestHeader.get(ECHO_TRAILER);
  if (trailer !== null) responseTrailer.set(ECHO_TRAILER, trailer);
}

function failIfAsked(status: { code: number; message: string } | undefined): void {
  if (status !== undefined && status.code !== 0) throw new ConnectError(status.message, status.code);
}

function payload(size: number) {
  return create(PayloadSchema, { body: new Uint8Array(size) });
}

async function output({ size, intervalUs }: ResponseParameters, signal: AbortSignal) {
  if (intervalUs > 0) await setTimeout(intervalUs / 1000, undefined, { signal });
  return create(StreamingOutputCallResponseSchema, { payload: payload(size) });
}
