import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

const LENGTH_BYTES = 4;
const QUERY = "Q".charCodeAt(0);
const SYNC = "S".charCodeAt(0);

export interface CountedServer {
  /** The same database, by way of the counter. */
  url(databaseUrl: string): string;
  /** How often a client has waited for the server since the last time this was asked; connecting aside. */
  roundTrips(): number;
  close(): void;
}

/** Between a Postgres and its clients: counts the messages after which a client waits for its answer. */
export async function countRoundTrips(serverUrl: string): Promise<CountedServer> {
  const { hostname, port } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((client) => {
    const postgres = connect(Number(port), hostname);
    sockets.add(client).add(postgres);
    const read = messageReader((type) => {
      if (type === QUERY || type === SYNC) count += 1;
    });
    client.on("data", read);
    client.pipe(postgres).pipe(client);
    for (const socket of [client, postgres]) socket.on("error", () => undefined);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url(databaseUrl) {
      const url = new URL(databaseUrl);
      url.hostname = "127.0.0.1";
      url.port = String((server.address() as AddressInfo).port);
      return url.href;
    },
    roundTrips() {
      const counted = count;
      count = 0;
      return counted;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A message is its type and its length, which counts itself; the first one has no type. */
function messageReader(onMessage: (type: number | undefined) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  let typeBytes = 0;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= typeBytes + LENGTH_BYTES) {
      const end = typeBytes + rest.readInt32BE(typeBytes);
      if (rest.length < end) return;
      onMessage(typeBytes === 0 ? undefined : rest[0]);
      rest = rest.subarray(end);
      typeBytes = 1;
    }
  };
}
