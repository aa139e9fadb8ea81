import type { Socket } from "node:net";
import pg from "pg";

/** What pg's client and connection have beyond their published types. */
interface Keyed {
  processID: number;
  secretKey: number;
  ssl: unknown;
}
interface CancelConnection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

const ANSWERED_WITHIN_MS = 5000;

/**
 * Has the server cancel what the client's connection runs, if anything: by the protocol's CancelRequest, on a connection
 * of its own. Unlike pg_cancel_backend it needs no query to learn a process's number, and PgBouncer passes it on to
 * whichever process serves the client at the moment, so that it never hits another client's statement.
 *
 * Settles when the server closes that connection: then the signal has been sent. Rejects when it cannot be told.
 */
export function sendCancelRequest(client: pg.Client): Promise<void> {
  const { processID, secretKey, ssl } = client as unknown as Keyed;
  const connection = new pg.Connection({ ssl } as pg.ConnectionConfig);
  const { stream, connect, requestSsl, cancel } = connection as pg.Connection & CancelConnection;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ask = (): void => cancel.call(connection, processID, secretKey);

  (stream as Socket).setTimeout(ANSWERED_WITHIN_MS, () => {
    stream.destroy(new Error(`the server has not taken a cancel request within ${ANSWERED_WITHIN_MS} ms`));
  });
  connection.once("connect", ssl ? () => requestSsl.call(connection) : ask);
  connection.once("sslconnect", ask);
  connection.once("error", reject);
  connection.once("end", resolve);
  if (client.host.startsWith("/")) connect.call(connection, `${client.host}/.s.PGSQL.${client.port}`);
  else connect.call(connection, client.port, client.host);
  return promise;
}
