import { COMPILE_CACHE } from "./compiled.ts";
import { ADMIN_PORT_OFFSET, type LocalConfig } from "./config.ts";
import type { LocalIssuer } from "./issuer.ts";
import { publicKeys, type Secrets } from "./secrets.ts";
import type { ServiceName } from "./services.ts";

/** One address loads the demonstration company, tells its story and takes part in tests. */
const ROOMY = "address=1000000/60,user=1000000/60,booking=1000000/60,verification=1000000/60";

/** A process's environment. */
export type Environment = Record<string, string | undefined>;

/** One process of the mesh. */
export interface ProcessPlan {
  name: string;
  /** Its program, from the root of the repository. */
  program: string;
  adminPort: number;
  env: Environment;
}

export interface DatabaseUrls {
  databaseUrl: string;
  serviceDatabaseUrl: string;
  migrationDatabaseUrl: string;
}

export interface PlanOptions {
  config: LocalConfig;
  secrets: Secrets;
  issuer: LocalIssuer;
  databases: Record<ServiceName, DatabaseUrls>;
  /** What the processes inherit: PATH, telemetry, log level. */
  inherited: Environment;
}

/** The processes in the order in which they are started, each with all that it is told. */
export function planProcesses({ config, secrets, issuer, databases, inherited }: PlanOptions): ProcessPlan[] {
  const { DATABASE_URL: _, ...rest } = inherited;
  const shared = {
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    ...rest,
    HOST: "127.0.0.1",
    TOKEN_ISSUER: issuer.issuer,
    TOKEN_JWKS: JSON.stringify(publicKeys(issuer, secrets)),
    DEVELOPMENT_CLOCK: "on",
    ...addressesOf(config),
  };
  const plan = (name: string, port: number, adminPort: number, env: Environment): ProcessPlan => ({
    name,
    program: `services/${name}/main.ts`,
    adminPort,
    env: { ...shared, PORT: String(port), ADMIN_PORT: String(adminPort), ...env },
  });
  const service = (name: ServiceName, port: number, env: Environment = {}): ProcessPlan =>
    plan(name, port, port + ADMIN_PORT_OFFSET, {
      DATABASE_URL: databases[name].databaseUrl,
      SERVICE_DATABASE_URL: databases[name].serviceDatabaseUrl,
      MIGRATION_DATABASE_URL: databases[name].migrationDatabaseUrl,
      SERVICE_KEY: JSON.stringify(secrets.services[name].key),
      ...env,
    });
  return [
    service("trainer", config.TRAINER_PORT),
    service("booking", config.BOOKING_PORT, { QUEUE_DATABASE_URL: databases.booking.migrationDatabaseUrl }),
    service("certificate", config.CERTIFICATE_PORT, {
      PUBLIC_URL: `http://localhost:${config.PORT}`,
      CREDENTIAL_KEYS: JSON.stringify({ keys: secrets.credentialKeys }),
    }),
    plan("gateway", config.PORT, config.GATEWAY_ADMIN_PORT, { RATE_LIMITS: inherited.RATE_LIMITS ?? ROOMY }),
  ];
}

/** Where the services find each other. */
export function addressesOf(config: LocalConfig) {
  return {
    TRAINER_ADDRESS: `127.0.0.1:${config.TRAINER_PORT}`,
    BOOKING_ADDRESS: `127.0.0.1:${config.BOOKING_PORT}`,
    CERTIFICATE_ADDRESS: `127.0.0.1:${config.CERTIFICATE_PORT}`,
  };
}
