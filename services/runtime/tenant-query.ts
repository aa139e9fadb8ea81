import pg from "pg";
import { currentCall } from "./call-context.ts";
import { type Limits, limitsOf } from "./caller-limits.ts";
import { preferPrepared, preparedName } from "./prepared-statements.ts";

/** What pg's queries and connections have beyond their published types. */
interface Steps {
  parse(statement: { text: string; name?: string }): void;
  bind(portal: { values: unknown[]; statement?: string }): void;
  execute(portal: object): void;
}
interface Prepared {
  prepare(connection: Steps): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: object): void;
}

type Answer = pg.QueryResult<Record<string, unknown>>;

interface Statement {
  text: string;
  values: unknown[];
  /** Under which it is prepared. */
  name?: string;
}

/** In the published types a query is only sent. */
const Query = pg.Query as unknown as new (
  config: Statement & { queryMode: "extended" },
  callback: (error: Error | undefined, result: Answer) => void,
) => pg.Query & Prepared;

const SET = "select set_config('cadre.subject', $1, true), set_config($2, $3, true)";
const SET_NAME = preparedName("caller", SET);

/** Connections on which SET has been prepared. */
const ready = new WeakSet<object>();

/**
 * Asks the database on behalf of the current call. Unless a transaction is open already, which knows it from its start,
 * the rights of a caller with limits are set for the transaction that the statement makes, or begins, in the same
 * round trip: statements sent together before a Sync are one transaction. With a name, the statement is prepared: parsing
 * and planning takes Postgres up to 90 µs, and setting the rights 30.
 */
export function ask(client: pg.Client, text: string, values: unknown[] | undefined, name?: string): Promise<Answer> {
  const caller = currentCall()?.caller;
  const limits = caller && limitsOf(caller);
  const idle = (client as { getTransactionStatus?(): string | null }).getTransactionStatus?.() === "I";
  if (!idle || (!limits && name === undefined)) return client.query(text, values);
  return preferPrepared(client, async (prepared) => {
    const statement = {
      text,
      values: values ?? [],
      ...(prepared && name !== undefined && { name: preparedName(name, text) }),
    };
    return limits ? askWithin(client, statement, limits, prepared) : client.query(statement);
  });
}

function askWithin(client: pg.Client, statement: Statement, limits: Limits, prepared: boolean): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const settings = { values: [limits.subject, limits.setting, limits.id], prepared };
  const callback = (error: Error | undefined, result: Answer): void => {
    if (error) reject(error);
    else resolve(result);
  };
  client.query(new TenantQuery({ ...statement, queryMode: "extended" }, callback, settings));
  return promise;
}

/** A statement behind another, whose answer is of no interest. */
class TenantQuery extends Query {
  readonly #settings: { values: string[]; prepared: boolean };
  #set = false;

  constructor(
    config: ConstructorParameters<typeof Query>[0],
    callback: ConstructorParameters<typeof Query>[1],
    settings: { values: string[]; prepared: boolean },
  ) {
    super(config, callback);
    this.#settings = settings;
  }

  override prepare(connection: Steps): void {
    const { values, prepared } = this.#settings;
    if (!prepared) connection.parse({ text: SET });
    else if (!ready.has(connection)) connection.parse({ text: SET, name: SET_NAME });
    connection.bind(prepared ? { values, statement: SET_NAME } : { values });
    connection.execute({});
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.#set) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: object): void {
    if (this.#set) super.handleCommandComplete(message, connection);
    else if (this.#settings.prepared) ready.add(connection);
    this.#set = true;
  }
}
