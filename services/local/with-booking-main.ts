import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { readConfig } from "../runtime/config.ts";
import { bookingOwnerUrl } from "./booking-database.ts";
import { localConfig } from "./config.ts";
import { explain } from "./start-error.ts";

try {
  const given = process.env.MIGRATION_DATABASE_URL;
  const schema = localConfig.pick({ CADRE_DIRECTORY: true, DATABASE_URL: true });
  const url = given ?? (await bookingOwnerUrl(readConfig(schema, process.env)));
  const child = spawn(process.execPath, process.argv.slice(2), {
    env: { ...process.env, MIGRATION_DATABASE_URL: url },
    stdio: "inherit",
  });
  await once(child, "exit");
  process.exitCode = child.exitCode ?? 128 + (child.signalCode ? constants.signals[child.signalCode] : 0);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 2;
}
