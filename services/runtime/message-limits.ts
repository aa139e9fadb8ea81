import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, policyOf } from "./policy.ts";

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

function tooLarge(message: string, bytes: number, most: number): ConnectError {
  return new ConnectError(`the ${message} has ${bytes} bytes, and may have ${most}`, Code.ResourceExhausted);
}
