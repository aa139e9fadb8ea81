import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { REFUSAL_DOMAIN } from "./errors.ts";
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, policyOf } from "./policy.ts";

const TOO_LARGE = "MESSAGE_TOO_LARGE";

/** The largest request and response that any method of the services has: what a connection must let through. */
export function largestMessages(services: readonly DescService[]): { requestBytes: number; responseBytes: number } {
  const policies = services.flatMap(({ methods }) => methods).map(policyOf);
  return {
    requestBytes: Math.max(MAX_REQUEST_BYTES, ...policies.map(({ maxRequestBytes }) => maxRequestBytes)),
    responseBytes: Math.max(MAX_RESPONSE_BYTES, ...policies.map(({ maxResponseBytes }) => maxResponseBytes)),
  };
}

/** Throws unless a request of that size is one that the method takes. */
export function checkRequestSize(method: DescMethod, bytes: number): void {
  const { maxRequestBytes } = policyOf(method);
  if (bytes > maxRequestBytes) throw tooLarge("request", bytes, maxRequestBytes);
}

/** Throws unless a response of that size is one that the method gives. */
export function checkResponseSize(method: DescMethod, bytes: number): void {
  const { maxResponseBytes } = policyOf(method);
  if (bytes > maxResponseBytes) throw tooLarge("response", bytes, maxResponseBytes);
}

/** Whether a call failed because its request or its response was too large: it never goes well, but half of it may. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof ConnectError && error.findDetails(ErrorInfoSchema).some(({ reason }) => reason === TOO_LARGE);
}

function tooLarge(message: string, bytes: number, most: number): ConnectError {
  const sentence = `the ${message} has ${bytes} bytes, and may have ${most}`;
  const info = { reason: TOO_LARGE, domain: REFUSAL_DOMAIN, metadata: { most_bytes: String(most) } };
  return new ConnectError(sentence, Code.ResourceExhausted, undefined, [{ desc: ErrorInfoSchema, value: info }]);
}
