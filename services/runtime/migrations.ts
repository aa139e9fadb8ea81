import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";

/** Brings a service's database up to date: the runtime's own tables first, then the service's. */
export async function migrateService(url: string, serviceMigrations: URL | string): Promise<void> {
  await applyMigrations(url, new URL("./migrations/", import.meta.url), "runtime_migration");
  await applyMigrations(url, serviceMigrations, "migration");
}

/**
 * Applies the SQL files of a folder that the database has not seen, in order and in one transaction. Of two at once
 * the second waits, and then finds nothing to do. What was applied is noted in a schema that only the owner may enter.
 */
export async function migrate(url: string, directory: URL | string): Promise<void> {
  await applyMigrations(url, directory, "migration");
}

async function applyMigrations(url: string, directory: URL | string, migrationsTable: string): Promise<void> {
  const dir = directory instanceof URL ? fileURLToPath(directory) : directory;
  const client = new pg.Client({
    connectionString: url,
    application_name: "migrations",
    connectionTimeoutMillis: 10_000,
  });
  const complaints: string[] = [];
  await client.connect();
  try {
    await runner({
      dbClient: client,
      dir,
      migrationsTable,
      migrationsSchema: "migrations",
      createMigrationsSchema: true,
      direction: "up",
      singleTransaction: true,
      advisoryLockMode: "wait",
      ignorePattern: "(?!.*\\.sql$).*",
      migrationLoaderStrategies: [{ extensions: [".sql"], loader: plainSql }],
      logger: { info() {}, warn() {}, error: (message) => complaints.push(message) },
    });
  } catch (error) {
    const where = complaints.join("\n") || (Error.isError(error) ? error.message : String(error));
    throw new Error(`The migrations in ${dir} failed: ${where}`, { cause: error });
  } finally {
    await client.end();
  }
}

/** The runner's own loader cuts a file in two at a comment that begins with "down migration". */
async function plainSql(paths: string[]) {
  return Promise.all(
    paths.map(async (path) => {
      const statements = await readFile(path, "utf8");
      return {
        id: basename(path),
        filePaths: [path],
        actions: { up: (pgm: Builder) => pgm.sql(statements), down: false as const },
      };
    }),
  );
}

interface Builder {
  sql(statements: string): void;
}
