import { z } from "zod";
import { ConfigError, serviceConfig } from "../runtime/config.ts";

const address = z.string().min(1);
const origin = z.url({ protocol: /^https?$/ }).refine((url) => new URL(url).origin === url, "is not an origin");

/** "*", or the origins that browsers may call from, with commas between them. */
const origins = z.union([
  z.literal("*"),
  z
    .string()
    .transform((list) => list.split(",").map((one) => one.trim()))
    .pipe(z.array(origin)),
]);

export const gatewayConfig = serviceConfig
  .pick({ NODE_ENV: true, HOST: true, TOKEN_ISSUER: true, TOKEN_JWKS: true, SENTRY_DSN: true, LOG_LEVEL: true })
  .extend({
    PORT: serviceConfig.shape.PORT.default(8080),
    ADMIN_PORT: serviceConfig.shape.ADMIN_PORT.default(7200),
    TRAINER_ADDRESS: address.default("127.0.0.1:7101"),
    BOOKING_ADDRESS: address.default("127.0.0.1:7102"),
    CERTIFICATE_ADDRESS: address.default("127.0.0.1:7103"),
    /** Every origin in development, none in production unless named. */
    CORS_ORIGINS: origins.optional(),
  });

export type GatewayConfig = z.output<typeof gatewayConfig>;

export function allowedOrigins({ NODE_ENV, CORS_ORIGINS }: GatewayConfig): "*" | string[] {
  if (NODE_ENV !== "production") return CORS_ORIGINS ?? "*";
  if (CORS_ORIGINS === "*") throw new ConfigError("CORS_ORIGINS: production names the origins that it trusts");
  return CORS_ORIGINS ?? [];
}
