import {
  createPool,
  type DatabasePool,
  type DatabasePoolConnection,
  type DatabaseTransactionConnection,
  type Interceptor,
  type QueryResultRow,
  SchemaValidationError,
  sql,
} from "slonik";
import { z } from "zod";
import { hasEndedCall } from "./cancellation.ts";
import { constraintOf } from "./database-errors.ts";
import { directConnection } from "./direct-connection.ts";
import { DomainError } from "./errors.ts";
import { publishPoolMetrics } from "./pool-metrics.ts";
import { postgresDriver } from "./postgres-driver.ts";

export { sql };

/** A part of a statement. */
export type SqlFragment = ReturnType<typeof sql.fragment>;

const QUERIES = [
  "any",
  "anyFirst",
  "exists",
  "many",
  "manyFirst",
  "maybeOne",
  "maybeOneFirst",
  "one",
  "oneFirst",
  "query",
] as const;

type Queries = Pick<DatabasePool, (typeof QUERIES)[number]>;

/**
 * A pool of connections. Each query is on its own unless it is made in a transaction. What is asked on behalf of a call
 * is cancelled in the database when the call ends.
 */
export interface Database extends Queries {
  /** Commits when `work` returns, rolls back when it throws. Never retried: what is worth a retry, the caller knows. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * The one row of a statement that calls ask all the time and share the answer of, for a fifth of the CPU that `one` takes: on a
   * connection beside the pool, one after the other, outside of any transaction.
   */
  oneDirectly<Row>(row: z.ZodType<Row>, text: string, values: unknown[]): Promise<Row>;
  /** The same database for the service's own work, which every row is open to, whoever calls. */
  asService(): Database;
  /** Waits for the queries that run, then closes every connection. */
  end(): Promise<void>;
}

/** One transaction. Its own `transaction` is a savepoint. */
export interface Transaction extends Queries, Pick<DatabaseTransactionConnection, "transactionId"> {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}

export type Queryable = Database | Transaction;

/** A timestamptz column. */
export const instant = z.custom<Temporal.Instant>((value) => value instanceof Temporal.Instant, "not an instant");

export interface DatabaseOptions {
  maxConnections: number;
  /** What pg_stat_activity shows. */
  applicationName: string;
  /** A connection that has not answered by then is given up; without it, a statement takes as long as it takes. */
  longestStatementMs?: number;
}

/**
 * Opens a pool that has no connection while it is idle. Sessions are not reset between their users (that costs a round
 * trip each time), so settings must be local to a transaction.
 */
export async function openDatabase(url: string, options: DatabaseOptions): Promise<Database> {
  const namedUrl = withName(url, options.applicationName);
  const pool = await createPool(namedUrl, {
    minPoolSize: 0,
    maxPoolSize: options.maxConnections,
    idleTimeout: 5_000,
    connectionRetryLimit: 1,
    queryRetryLimit: 0,
    transactionRetryLimit: 0,
    resetConnection: async () => {},
    interceptors: [checkedRows],
    typeParsers,
    driverFactory: postgresDriver(options.longestStatementMs),
  });
  pool.on("error", () => undefined);
  publishPoolMetrics(options.applicationName, options.maxConnections, pool.state);
  const borrow = borrower(pool);
  const direct = directConnection(namedUrl, typeParsers);
  const db: Database = {
    ...queries(borrow),
    transaction: (work) => borrow((own) => own.transaction(work)),
    async oneDirectly(row, text, values) {
      const [only, ...others] = await direct.rows(text, values);
      if (only === undefined || others.length > 0) throw new TypeError(`not one row: ${text}`);
      return row.parse(only);
    },
    asService: () => db,
    async end() {
      await Promise.all([direct.end(), pool.end()]);
    },
  };
  return db;
}

const nullable =
  <T>(parse: (value: string) => T) =>
  (value: string | null) =>
    value === null ? null : parse(value);

/** Null is what an element of an array may be. */
const typeParsers = [
  { name: "timestamptz", parse: nullable((value) => Temporal.Instant.from(value)) },
  { name: "timestamp", parse: nullable(String) },
  { name: "date", parse: nullable(String) },
  { name: "numeric", parse: nullable(String) },
  { name: "int8", parse: nullable(safeInteger) },
];

const checkedRows: Interceptor = {
  name: "checked-rows",
  transformRow({ resultParser }, { sql, values }, row) {
    if (!resultParser) return row;
    const checked = resultParser["~standard"].validate(row);
    if (checked instanceof Promise) throw new TypeError("A row's schema must not be asynchronous.");
    if (checked.issues) throw new SchemaValidationError({ sql, values: [...values] }, row, checked.issues);
    return checked.value as QueryResultRow;
  },
};

type Borrow = <T>(work: (connection: DatabasePoolConnection) => Promise<T>) => Promise<T>;

/**
 * Slonik closes a connection on which anything threw. A refusal, or a call that ended, leaves it as good as new: it is
 * carried out as a value, since a connection costs more than most transactions.
 */
function borrower(pool: DatabasePool): Borrow {
  return async (work) => {
    const outcome = await pool.connect(async (connection) => {
      try {
        return { value: await work(connection) };
      } catch (error) {
        if (error instanceof DomainError || constraintOf(error) !== null || hasEndedCall(error)) return { error };
        throw error;
      }
    });
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  };
}

/** Every kind of query, each on a connection of its own. */
function queries(borrow: Borrow): Queries {
  const kinds = QUERIES.map((kind) => [kind, (query: never) => borrow((own): Promise<unknown> => own[kind](query))]);
  return Object.fromEntries(kinds) as Queries;
}

function safeInteger(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is too large for a number.`);
  return number;
}

function withName(url: string, applicationName: string): string {
  const named = new URL(url);
  named.searchParams.set("application_name", applicationName);
  return named.href;
}
