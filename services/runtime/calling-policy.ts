import type { DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { ChannelOptions } from "@grpc/grpc-js";
import { REFUSAL_BLIND } from "./refusal-blind-balancer.ts";

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

/** All replicas in turn; one that fails nearly all of its calls is left out for a while, never more than half of them. */
const BALANCING = {
  [REFUSAL_BLIND]: {
    child_policy: [
      {
        outlier_detection: {
          interval: { seconds: 5, nanos: 0 },
          base_ejection_time: { seconds: 10, nanos: 0 },
          max_ejection_time: { seconds: 60, nanos: 0 },
          max_ejection_percent: 50,
          failure_percentage_ejection: { threshold: 85, minimum_hosts: 2, request_volume: 20 },
          child_policy: [{ round_robin: {} }],
        },
      },
    ],
  },
};

/** A peer that does not answer a ping is gone, whatever TCP says: its calls go to another one within these seconds. */
const KEEPALIVE = {
  "grpc.keepalive_time_ms": 5000,
  "grpc.keepalive_timeout_ms": 2000,
  "grpc.keepalive_permit_without_calls": 1,
};

/** By default a channel waits for up to two minutes before it looks again whether a service is back. */
const RECONNECT = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2000,
  "grpc.dns_min_time_between_resolutions_ms": 2000,
};

/**
 * How a channel calls: balanced over all addresses that its target has, with care for its connections. What fails is
 * repeated after a wait that grows, with jitter, or when the answer says (`grpc-retry-pushback-ms`; negative is never):
 * those unary calls alone whose contract says, as their idempotency level, that repeating them is safe. The budget for
 * that is shared by all channels of the process to one target.
 */
export function callingOptions(services: readonly DescService[]): ChannelOptions {
  const name = services
    .flatMap(({ methods }) => methods)
    .filter(
      ({ methodKind, idempotency }) => methodKind === "unary" && idempotency !== IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
    )
    .map((method) => ({ service: method.parent.typeName, method: method.name }));
  const methodConfig = name.length === 0 ? [] : [{ name, retryPolicy: RETRY_POLICY }];
  return {
    ...KEEPALIVE,
    ...RECONNECT,
    "grpc.service_config": JSON.stringify({
      loadBalancingConfig: [BALANCING],
      methodConfig,
      retryThrottling: RETRY_THROTTLING,
    }),
    // What the contract says is not for a DNS record to change.
    "grpc.service_config_disable_resolution": 1,
  };
}
