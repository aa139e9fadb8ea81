import { createHash } from "node:crypto";
import pg from "pg";

/** Who answers that a statement was not prepared that was, or was prepared that was not, hands connections around. */
const HANDED_AROUND = new Set(["26000", "42P05"]);

/** The addresses of such poolers: PgBouncer before 1.21, or with max_prepared_statements = 0. */
const poolers = new Set<string>();
const names = new Map<string, string>();

/**
 * Runs a statement prepared, unless that cannot be on the way to the client's server, which it finds out once. What fails for
 * that reason has changed nothing: it must not be part of a transaction that had begun before.
 */
export async function preferPrepared<T>(client: pg.Client, run: (prepared: boolean) => Promise<T>): Promise<T> {
  const address = `${client.host}:${client.port}`;
  if (poolers.has(address)) return run(false);
  try {
    return await run(true);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !HANDED_AROUND.has(error.code ?? "")) throw error;
    poolers.add(address);
    return run(false);
  }
}

/** One name, one text: whoever finds the name on a connection finds this statement. */
export function preparedName(name: string, text: string): string {
  return names.getOrInsertComputed(
    text,
    () => `${name}_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`,
  );
}
