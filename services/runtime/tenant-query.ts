import pg from "pg";
import { currentCall } from "./call-context.ts";
import { limitsOf } from "./caller-limits.ts";

/** What pg's queries and connections have beyond their published types. */
interface Steps {
  parse(statement: { text: string }): void;
  bind(portal: { values: unknown[] }): void;
  execute(portal: object): void;
}
interface Prepared {
  prepare(connection: Steps): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: unknown): void;
}

type Answer = pg.QueryResult<Record<string, unknown>>;

/** In the published types a query is only sent. */
const Query = pg.Query as unknown as new (
  config: { text: string; values: unknown[] | undefined; queryMode: "extended" },
  callback: (error: Error | undefined, result: Answer) => void,
) => pg.Query & Prepared;

const SET = "select set_config('cadre.subject', $1, true), set_config($2, $3, true)";

/**
 * Asks the database on behalf of the current call. Unless a transaction is open already, which knows it from its start,
 * the rights of a caller with limits are set for the transaction that the statement makes, or begins, in the same
 * round trip: statements sent together before a Sync are one transaction.
 */
export function ask(client: pg.Client, text: string, values: unknown[] | undefined): Promise<Answer> {
  const caller = currentCall()?.caller;
  const limits = caller && limitsOf(caller);
  if (!limits || (client as { getTransactionStatus?(): string | null }).getTransactionStatus?.() !== "I") {
    return client.query(text, values);
  }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const settings = [limits.subject, limits.setting, limits.id];
  const callback = (error: Error | undefined, result: Answer): void => {
    if (error) reject(error);
    else resolve(result);
  };
  client.query(new TenantQuery({ text, values, queryMode: "extended" }, callback, settings));
  return promise;
}

/** A statement behind another, whose answer is of no interest. */
class TenantQuery extends Query {
  readonly #settings: string[];
  #set = false;

  constructor(
    config: ConstructorParameters<typeof Query>[0],
    callback: ConstructorParameters<typeof Query>[1],
    settings: string[],
  ) {
    super(config, callback);
    this.#settings = settings;
  }

  override prepare(connection: Steps): void {
    connection.parse({ text: SET });
    connection.bind({ values: this.#settings });
    connection.execute({});
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.#set) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: unknown): void {
    if (this.#set) super.handleCommandComplete(message, connection);
    this.#set = true;
  }
}
