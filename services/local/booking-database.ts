import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LocalConfig } from "./config.ts";
import { readSecrets } from "./secrets.ts";
import { StartError } from "./start-error.ts";

/** The line of postmaster.pid that holds the port, from 0. */
const PORT_LINE = 3;

/** The booking database of a running `npm start`, as the role that owns its tables. */
export async function bookingOwnerUrl(config: Pick<LocalConfig, "CADRE_DIRECTORY" | "DATABASE_URL">): Promise<string> {
  const url = new URL(config.DATABASE_URL ?? (await embeddedUrl(config.CADRE_DIRECTORY)));
  const { services } = await readSecrets(config.CADRE_DIRECTORY);
  url.pathname = "/cadre_booking";
  url.username = "cadre_booking_owner";
  url.password = encodeURIComponent(services.booking.ownerPassword);
  return url.href;
}

async function embeddedUrl(directory: string): Promise<string> {
  const lockFile = await readFile(join(directory, "postgres", "postmaster.pid"), "utf8").catch(() => "");
  const port = lockFile.split("\n")[PORT_LINE];
  if (port) return `postgres://127.0.0.1:${port}`;
  throw new StartError(
    `No Postgres runs in ${directory}: run npm start beside this, or set MIGRATION_DATABASE_URL to the booking database.`,
  );
}
