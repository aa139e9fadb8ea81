import { z } from "zod";
import { count, port, publicKeys, signingKey, wholeNumber } from "./config-values.ts";

/** The environment does not fit; the message names every variable that is wrong, a line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The issuer that a checkout makes for itself, with its key in a file. */
export const LOCAL_ISSUER = "cadre-local";

/**
 * This process's certificate and key, and the authority that signs those of the mesh, as PEM: then services prove to each
 * other at the connection who they are, both ways.
 */
const tlsFiles = {
  TLS_CERT_FILE: z.string().min(1).optional(),
  TLS_KEY_FILE: z.string().min(1).optional(),
  TLS_CA_FILE: z.string().min(1).optional(),
};

/** What every service is told by its environment; a service extends it with its own. */
export const serviceConfig = z.object({
  NODE_ENV: z.enum(["production", "development", "test"]).default("development"),
  HOST: z.string().min(1).default("127.0.0.1"),
  PORT: port,
  /** For /health, /ready and /metrics, not for the public. */
  ADMIN_PORT: port,
  /** As the role that may read and write the rows of the caller on whose behalf it asks, and nothing else. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** As the role that may read and write every row: for callers without limits, and for the service's own work. */
  SERVICE_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** As the role that owns the tables. */
  MIGRATION_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** At most, as each of these two roles. */
  DATABASE_CONNECTIONS: count.default(10),
  TOKEN_ISSUER: z.string().min(1),
  TOKEN_JWKS: publicKeys,
  /** The private key with which the service proves to other services who it is. */
  SERVICE_KEY: signingKey,
  ...tlsFiles,
  /** Honour the `cadre-time` header: for demonstrations and tests. */
  DEVELOPMENT_CLOCK: z.enum(["on", "off"]).default("off"),
  /** For how long a process that stops says so, and still serves, before it takes no new calls. */
  STOP_NOTICE_MS: wholeNumber.default(0),
  /** How many calls may be under way, and how many streams open; what is more is refused at once. */
  MAX_CALLS_IN_FLIGHT: count.default(64),
  MAX_OPEN_STREAMS: count.default(1000),
  /** Where bugs are sent, in Sentry's form; nowhere without it. */
  SENTRY_DSN: z.url({ protocol: /^https?$/ }).optional(),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

export type TlsConfig = Pick<ServiceConfig, keyof typeof tlsFiles>;

export type ServiceConfig = z.output<typeof serviceConfig>;

/** Reads the environment by a schema. Throws a ConfigError that lists every fault. */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: Record<string, string | undefined>,
): z.output<Schema> {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    return env[name] === undefined ? `${name} is not set` : `${name}: ${message}`;
  });
  throw new ConfigError([...new Set(faults)].join("\n"));
}

/** Throws where production is told to pretend, or to believe whoever can read a file of a developer's or sits on the way. */
export function assertProductionSafe({
  NODE_ENV,
  TOKEN_ISSUER,
  TOKEN_JWKS,
  DEVELOPMENT_CLOCK,
}: Pick<ServiceConfig, "NODE_ENV" | "TOKEN_ISSUER" | "TOKEN_JWKS"> & Partial<ServiceConfig>): void {
  if (NODE_ENV !== "production") return;
  const faults = [
    ...(DEVELOPMENT_CLOCK === "on" ? ["DEVELOPMENT_CLOCK: production must not let callers set the time"] : []),
    ...(TOKEN_JWKS instanceof URL && TOKEN_JWKS.protocol !== "https:"
      ? ["TOKEN_JWKS: production reads keys over https, since whoever sits between could put his own in their place"]
      : []),
    ...(TOKEN_ISSUER === LOCAL_ISSUER ? ["TOKEN_ISSUER: the local issuer is for development only"] : []),
  ];
  if (faults.length > 0) throw new ConfigError(faults.join("\n"));
}
