import type { DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { ChannelOptions } from "@grpc/grpc-js";

const RETRY_POLICY = {
  maxAttempts: 3,
  initialBackoff: "0.05s",
  maxBackoff: "1s",
  backoffMultiplier: 3,
  // Not DEADLINE_EXCEEDED: the time is gone. Not RESOURCE_EXHAUSTED: the answer says when to come back.
  retryableStatusCodes: ["UNAVAILABLE"],
};

/**
 * The budget: a failed attempt takes a token, a success gives a tenth back, and nothing is retried while half of them
 * are gone. A dependency that is dead sees ten retries in all, then none; one that fails now and then sees at most one
 * retry in ten calls.
 */
const RETRY_THROTTLING = { maxTokens: 20, tokenRatio: 0.1 };

/**
 * Channel options that repeat failed calls, after a wait that doubles and more, with jitter: those unary calls alone
 * whose contract says, as their idempotency level, that repeating them is safe. The budget is shared by all channels of
 * the process to one address.
 */
export function retryOptions(services: readonly DescService[]): ChannelOptions {
  const name = services
    .flatMap(({ methods }) => methods)
    .filter(
      ({ methodKind, idempotency }) => methodKind === "unary" && idempotency !== IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
    )
    .map((method) => ({ service: method.parent.typeName, method: method.name }));
  const methodConfig = name.length === 0 ? [] : [{ name, retryPolicy: RETRY_POLICY }];
  return {
    "grpc.service_config": JSON.stringify({ methodConfig, retryThrottling: RETRY_THROTTLING }),
    // What the contract says is not for a DNS record to change.
    "grpc.service_config_disable_resolution": 1,
  };
}
