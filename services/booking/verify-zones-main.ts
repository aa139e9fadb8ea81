import { readConfig, serviceConfig } from "../runtime/config.ts";
import { openDatabase } from "../runtime/database.ts";
import { verifyZones } from "./verify-zones.ts";

try {
  const config = readConfig(serviceConfig.pick({ MIGRATION_DATABASE_URL: true }), process.env);
  const db = await openDatabase(config.MIGRATION_DATABASE_URL, { maxConnections: 1, applicationName: "verify-zones" });
  const { faults, lines } = await verifyZones(db).finally(() => db.end());
  process.stdout.write([...lines, ...faults, ""].join("\n"));
  process.exitCode = faults.length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
