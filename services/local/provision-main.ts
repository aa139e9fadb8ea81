import { z } from "zod";
import { readConfig } from "../runtime/config.ts";
import { localConfig } from "./config.ts";
import { provisionAll } from "./databases.ts";
import { explain } from "./start-error.ts";

const password = z.string().min(16, "is shorter than 16 characters");

/** A server, and what the services' roles on it shall be reached with. */
const provisionConfig = z.object({
  DATABASE_URL: localConfig.shape.DATABASE_URL.unwrap(),
  TRAINER_OWNER_PASSWORD: password,
  TRAINER_PASSWORD: password,
  BOOKING_OWNER_PASSWORD: password,
  BOOKING_PASSWORD: password,
  CERTIFICATE_OWNER_PASSWORD: password,
  CERTIFICATE_PASSWORD: password,
});

try {
  const config = readConfig(provisionConfig, process.env);
  await provisionAll(config.DATABASE_URL, {
    trainer: { ownerPassword: config.TRAINER_OWNER_PASSWORD, appPassword: config.TRAINER_PASSWORD },
    booking: { ownerPassword: config.BOOKING_OWNER_PASSWORD, appPassword: config.BOOKING_PASSWORD },
    certificate: { ownerPassword: config.CERTIFICATE_OWNER_PASSWORD, appPassword: config.CERTIFICATE_PASSWORD },
  });
  process.stdout.write("Every service has its database and its three roles.\n");
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
