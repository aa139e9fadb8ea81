import { z } from "zod";
import type { Allowance } from "../runtime/allowances.ts";
import { ConfigError, serviceConfig } from "../runtime/config.ts";
import { count, grpcAddress } from "../runtime/config-values.ts";
import { MAX_STREAMS_PER_CONNECTION } from "../runtime/grpc-server.ts";
import { callerAddress } from "./caller-address.ts";

const origin = z.url({ protocol: /^https?$/ }).refine((url) => new URL(url).origin === url, "is not an origin");

/** "*", or the origins that browsers may call from, with commas between them. */
const origins = z.union([
  z.literal("*"),
  z
    .string()
    .transform((list) => list.split(",").map((one) => one.trim()))
    .pipe(z.array(origin)),
]);

const ALLOWANCE = /^([a-z]+)=([1-9]\d*)\/([1-9]\d*)$/;

/** What a timer can wait. */
const LONGEST_WINDOW_S = 2_147_483;

/** "name=points/seconds", with commas between them. */
const allowances = z.string().transform((text, context) => {
  const sizes = new Map<string, Allowance>();
  for (const part of text.split(",")) {
    const [, name, points, seconds] = ALLOWANCE.exec(part.trim()) ?? [];
    const wrong = (message: string) => context.addIssue({ code: "custom", message: `"${part}" ${message}` });
    if (name === undefined) wrong("is not name=points/seconds");
    else if (Number(seconds) > LONGEST_WINDOW_S) wrong(`is longer than ${LONGEST_WINDOW_S} seconds`);
    else sizes.set(name, { points: Number(points), durationS: Number(seconds) });
  }
  return sizes;
});

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean),
);

/** Addresses and subnets of proxies. One of all addresses would have everybody believed. */
const proxies = list.refine(areProxies, "has what is no address or subnet, or is a subnet of everybody");

function areProxies(names: string[]): boolean {
  try {
    callerAddress(names);
    return !names.some((name) => name.endsWith("/0"));
  } catch {
    return false;
  }
}

export const gatewayConfig = serviceConfig
  .pick({
    NODE_ENV: true,
    HOST: true,
    TOKEN_ISSUER: true,
    TOKEN_JWKS: true,
    SENTRY_DSN: true,
    LOG_LEVEL: true,
    TLS_CERT_FILE: true,
    TLS_KEY_FILE: true,
    TLS_CA_FILE: true,
  })
  .extend({
    PORT: serviceConfig.shape.PORT.default(8080),
    /** Its callers over HTTP/1.1 hear with an answer that a connection ends, where services' callers hear it at once. */
    STOP_NOTICE_MS: serviceConfig.shape.STOP_NOTICE_MS.unwrap().default(1000),
    ADMIN_PORT: serviceConfig.shape.ADMIN_PORT.default(7200),
    TRAINER_ADDRESS: grpcAddress.default("127.0.0.1:7101"),
    BOOKING_ADDRESS: grpcAddress.default("127.0.0.1:7102"),
    CERTIFICATE_ADDRESS: grpcAddress.default("127.0.0.1:7103"),
    /**
     * What an address and a user may take in a time, and what the contracts' own allowances hold. A call takes 1 unless
     * its contract says more.
     */
    RATE_LIMITS: allowances.prefault("address=6000/60,user=3000/60,booking=300/60,verification=120/60"),
    /** Where replicas share what is left of the allowances. */
    REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
    /** Addresses and subnets of proxies whose X-Forwarded-For is believed. */
    TRUSTED_PROXIES: proxies.prefault(""),
    MAX_CONNECTIONS: count.default(10_000),
    /** Of one address that is no trusted proxy. */
    MAX_CONNECTIONS_PER_ADDRESS: count.default(200),
    /**
     * Calls under way to one service; what is more is refused at once. As many as the service takes on: then half of
     * them, which is what one address gets, is half of the service too.
     */
    MAX_CALLS_IN_FLIGHT: serviceConfig.shape.MAX_CALLS_IN_FLIGHT,
    /** Open to one service: fewer than it takes from all, and than one connection to it carries. */
    MAX_OPEN_STREAMS: count.pipe(z.number().max(MAX_STREAMS_PER_CONNECTION)).default(800),
    /** Of one user, to all services. */
    MAX_STREAMS_PER_USER: count.default(20),
    /** Every origin in development, none in production unless named. */
    CORS_ORIGINS: origins.optional(),
  });

export type GatewayConfig = z.output<typeof gatewayConfig>;

export function allowedOrigins({ NODE_ENV, CORS_ORIGINS }: GatewayConfig): "*" | string[] {
  if (NODE_ENV !== "production") return CORS_ORIGINS ?? "*";
  if (CORS_ORIGINS === "*") throw new ConfigError("CORS_ORIGINS: production names the origins that it trusts");
  return CORS_ORIGINS ?? [];
}

export function inFlightBounds(config: GatewayConfig) {
  const { MAX_CALLS_IN_FLIGHT: maxCalls, MAX_OPEN_STREAMS: maxStreams, MAX_STREAMS_PER_USER } = config;
  return { maxCalls, maxStreams, maxStreamsOfCaller: MAX_STREAMS_PER_USER };
}
