import { randomUUIDv7 } from "node:crypto";
import { parseArgs } from "node:util";
import { readConfig, serviceConfig } from "../runtime/config.ts";
import { openDatabase } from "../runtime/database.ts";
import { type Rederived, rederive } from "./rederive.ts";
import { rederivedReport } from "./rederive-report.ts";

const USAGE = `Gives the sessions to come the instants that their local times have by this Node's time zone database.

  ICU_TIMEZONE_FILES_DIR=<folder with the new zoneinfo64.res> npm run rederive              tells what would change
  ICU_TIMEZONE_FILES_DIR=<folder with the new zoneinfo64.res> npm run rederive -- --apply   changes it
`;
const TRIED = Symbol("tried");

try {
  const { values } = parseArgs({ options: { apply: { type: "boolean", default: false } } });
  const config = readConfig(serviceConfig.pick({ MIGRATION_DATABASE_URL: true }), process.env);
  const db = await openDatabase(config.MIGRATION_DATABASE_URL, { maxConnections: 1, applicationName: "rederive" });
  const run = { now: Temporal.Now.instant(), runId: randomUUIDv7(), rules: process.versions.tz ?? "unknown" };
  let result: Rederived | undefined;
  try {
    if (values.apply) result = await rederive(db, run);
    else {
      const tried = db.transaction(async (tx) => {
        result = await rederive(tx, run);
        throw TRIED;
      });
      await tried.catch((error: unknown) => {
        if (error !== TRIED) throw error;
      });
    }
  } finally {
    await db.end();
  }
  if (!result) throw new Error("nothing was derived");
  process.stdout.write(rederivedReport(result, { applied: values.apply, rules: run.rules }));
  process.exitCode = result.clashing.length + result.skipped.length > 0 ? 1 : 0;
} catch (error) {
  const isUsage = Error.isError(error) && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n${isUsage ? `\n${USAGE}` : ""}`);
  process.exitCode = 2;
}
