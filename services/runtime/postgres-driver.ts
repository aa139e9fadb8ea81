import type { Socket } from "node:net";
import pg from "pg";
import {
  BackendTerminatedError,
  BackendTerminatedUnexpectedlyError,
  CheckExclusionConstraintViolationError,
  CheckIntegrityConstraintViolationError,
  createDriverFactory,
  type DriverCommand,
  type DriverFactory,
  type DriverTypeParser,
  ForeignKeyIntegrityConstraintViolationError,
  IdleTransactionTimeoutError,
  type IntegrityConstraintViolationError,
  NotNullIntegrityConstraintViolationError,
  StatementCancelledError,
  StatementTimeoutError,
  UniqueIntegrityConstraintViolationError,
} from "slonik";
import { currentCall } from "./call-context.ts";
import { sendCancelRequest } from "./cancel-request.ts";
import { runStatement } from "./cancellation.ts";
import { inStatementSpan } from "./statement-span.ts";
import { ask } from "./tenant-query.ts";

const CONNECT_WITHIN_MS = 5000;

/** Of the types with parsers of ours, and of arrays of them: the same in every Postgres. */
const OIDS: Record<string, { one: number; array: number }> = {
  int8: { one: 20, array: 1016 },
  date: { one: 1082, array: 1182 },
  timestamp: { one: 1114, array: 1115 },
  timestamptz: { one: 1184, array: 1185 },
  numeric: { one: 1700, array: 1231 },
};
const TEXT_ARRAY: number = 1009;

type ViolationCause = ConstructorParameters<typeof IntegrityConstraintViolationError>[1];

const VIOLATIONS = new Map([
  ["23502", NotNullIntegrityConstraintViolationError],
  ["23503", ForeignKeyIntegrityConstraintViolationError],
  ["23505", UniqueIntegrityConstraintViolationError],
  ["23514", CheckIntegrityConstraintViolationError],
  ["23P01", CheckExclusionConstraintViolationError],
]);

/**
 * Slonik's way to Postgres, as its own driver goes it, but for three things: every transaction is told who calls (see
 * `tenant-query.ts`), a statement is a span of its trace, and one that runs on behalf of a call is cancelled in the
 * database when the call ends.
 * Slonik's own driver sends one statement at a time, and shows nobody the key that cancelling takes.
 */
export function postgresDriver(longestStatementMs?: number): DriverFactory {
  return createDriverFactory(async ({ driverConfiguration }) => {
    const { connectionUri, typeParsers } = driverConfiguration;
    return {
      async createPoolClient({ clientEventEmitter }) {
        const client = newClient(connectionUri, typeParsers);
        client.on("error", (error) => clientEventEmitter.emit("error", translated(error)));
        return {
          connect: async () => {
            await client.connect();
          },
          end: () => client.end(),
          query: (text, values, options) => query(client, text, values, { longestMs: longestStatementMs, ...options }),
          stream() {
            throw new TypeError("a result is not streamed: it is read page by page");
          },
        };
      },
    };
  });
}

/** What pg's client has beyond its published types: the settings that a session starts with. */
const Client = pg.Client as unknown as new (
  config: pg.ClientConfig,
) => pg.Client & { getStartupConf(): Record<string, string> };

/** In UTC. Said as a setting of its own, since PgBouncer passes that on, and refuses whoever has `options`. */
class UtcClient extends Client {
  override getStartupConf(): Record<string, string> {
    return { ...super.getStartupConf(), TimeZone: "UTC" };
  }
}

export function newClient(connectionString: string, typeParsers: readonly DriverTypeParser[]): pg.Client {
  const types = { getTypeParser: typeParserOf(typeParsers) };
  return new UtcClient({ connectionString, connectionTimeoutMillis: CONNECT_WITHIN_MS, keepAlive: true, types });
}

/**
 * Ends with the current call, within the rights of its caller, on a client that nothing else is asked of meanwhile. A
 * connection that has not answered after `longestMs` is given up. With a name, it is prepared where that can be.
 */
export async function query(
  client: pg.Client,
  text: string,
  values?: unknown[],
  { longestMs, name }: { longestMs?: number | undefined; name?: string } = {},
) {
  const statement = {
    text,
    run: () => ask(client, text, values, name),
    cancel: () => sendCancelRequest(client),
    drop: () => streamOf(client).destroy(),
  };
  try {
    const { command, fields, rowCount, rows } = await inStatementSpan(text, () =>
      runStatement(statement, currentCall()?.signal, longestMs),
    );
    return {
      command: command as DriverCommand, // Slonik's type names five of them and means all.
      fields: fields.map(({ dataTypeID, name }) => ({ dataTypeId: dataTypeID, name })),
      rowCount,
      rows,
    };
  } catch (error) {
    throw translated(error);
  }
}

function streamOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

function typeParserOf(typeParsers: readonly DriverTypeParser[]): typeof pg.types.getTypeParser {
  const texts: (array: string) => string[] = pg.types.getTypeParser(TEXT_ARRAY);
  const parsers = new Map<number, (value: string) => unknown>();
  for (const { name, parse } of typeParsers) {
    const oids = OIDS[name];
    if (!oids) throw new TypeError(`the number of the type ${name} is not known`);
    parsers.set(oids.one, parse);
    parsers.set(oids.array, (value) => texts(value).map(parse));
  }
  return (oid: number, format?: "text" | "binary") => parsers.get(oid) ?? pg.types.getTypeParser(oid, format);
}

/** The errors that Slonik, and who asks it, tells apart. */
function translated(error: unknown): Error {
  if (!Error.isError(error)) return new TypeError(String(error));
  if (error.message.startsWith("Connection terminated unexpectedly")) {
    return new BackendTerminatedUnexpectedlyError(error);
  }
  if (error.message.startsWith("Connection terminated")) return new BackendTerminatedError(error);
  if (!(error instanceof pg.DatabaseError)) return error;
  const { code = "" } = error;
  const violation = VIOLATIONS.get(code);
  if (violation) return new violation(error as ViolationCause);
  if (code === "25P03") return new IdleTransactionTimeoutError(error);
  if (code === "57P01") return new BackendTerminatedError(error);
  if (code !== "57014") return error;
  return error.message.endsWith("user request") ? new StatementCancelledError(error) : new StatementTimeoutError(error);
}
