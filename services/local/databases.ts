import { join } from "node:path";
import { startPostgres } from "../runtime/embedded-postgres.ts";
import { provisionService } from "../runtime/provision.ts";
import type { LocalConfig } from "./config.ts";
import type { DatabaseUrls } from "./environments.ts";
import type { Secrets } from "./secrets.ts";
import type { ServiceName } from "./services.ts";

export interface DatabaseServer {
  adminUrl: string;
  /** Rejects when it has gone by itself, as far as that is seen from here. */
  ended: Promise<never>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  config: LocalConfig;
  secrets: Secrets;
  logs: string;
  print: (line: string) => void;
}

/** The server that DATABASE_URL names, which is nobody's here to stop; else an embedded one. */
export async function openServer({ config, secrets, logs, print }: ServerOptions): Promise<DatabaseServer> {
  if (config.DATABASE_URL) {
    return { adminUrl: config.DATABASE_URL, ended: new Promise(() => {}), stop: async () => {} };
  }
  const postgres = await startPostgres({
    directory: join(config.CADRE_DIRECTORY, "postgres"),
    port: config.POSTGRES_PORT ?? 0,
    password: secrets.postgresPassword,
    settings: { max_connections: "200" },
    logFile: join(logs, "postgres.log"),
    onNotice: print,
  });
  return { adminUrl: postgres.url, ended: postgres.ended, stop: () => postgres.stop() };
}

/** The passwords of each service's roles. */
export type Passwords = Record<ServiceName, { ownerPassword: string; appPassword: string }>;

/** Makes every service's database and roles, or sets right what is there. */
export async function provisionAll(adminUrl: string, passwords: Passwords): Promise<Record<ServiceName, DatabaseUrls>> {
  const provision = (service: ServiceName) =>
    provisionService({
      adminUrl,
      service,
      ownerPassword: passwords[service].ownerPassword,
      appPassword: passwords[service].appPassword,
    });
  const [trainer, booking, certificate] = await Promise.all([
    provision("trainer"),
    provision("booking"),
    provision("certificate"),
  ]);
  return { trainer, booking, certificate };
}
