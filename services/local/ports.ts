import { once } from "node:events";
import { createServer } from "node:net";
import { ADMIN_PORT_OFFSET, type LocalConfig } from "./config.ts";
import { StartError } from "./start-error.ts";

interface NamedPort {
  port: number;
  /** Whose it is, and the variable that chooses another. */
  owner: string;
  variable: string;
}

/** Every port that the processes will listen on. */
export function portsOf(config: LocalConfig): NamedPort[] {
  const services = (["TRAINER_PORT", "BOOKING_PORT", "CERTIFICATE_PORT"] as const).flatMap((variable) => {
    const owner = variable.replace("_PORT", "").toLowerCase();
    return [
      { port: config[variable], owner, variable },
      { port: config[variable] + ADMIN_PORT_OFFSET, owner: `${owner}'s admin port`, variable },
    ];
  });
  const postgres = config.DATABASE_URL ? undefined : config.POSTGRES_PORT;
  return [
    { port: config.PORT, owner: "gateway", variable: "PORT" },
    { port: config.GATEWAY_ADMIN_PORT, owner: "gateway's admin port", variable: "GATEWAY_ADMIN_PORT" },
    ...services,
    ...(postgres === undefined ? [] : [{ port: postgres, owner: "Postgres", variable: "POSTGRES_PORT" }]),
  ];
}

/** Throws a StartError that names the ports that two are to listen on, or on which another program listens. */
export async function assertFree(ports: NamedPort[]): Promise<void> {
  assertDistinct(ports);
  await using probes = new AsyncDisposableStack();
  const taken: NamedPort[] = [];
  for (const named of ports) {
    const probe = createServer();
    try {
      await once(probe.listen(named.port, "127.0.0.1"), "listening");
      probes.use(probe);
    } catch (error) {
      taken.push(named);
      if (!Error.isError(error) || !("code" in error) || error.code !== "EADDRINUSE") throw refused(named, error);
    }
  }
  if (taken.length === 0) return;
  const list = taken.map(({ port, owner }) => `${port} (${owner})`).join(", ");
  const variables = [...new Set(taken.map(({ variable }) => variable))].join(", ");
  throw new StartError(
    `Taken by another program: port ${list}. Stop that program, or set ${variables} to something else.`,
  );
}

function assertDistinct(ports: NamedPort[]): void {
  const askers = [...Map.groupBy(ports, ({ port }) => port)].filter(([, named]) => named.length > 1);
  if (askers.length === 0) return;
  const list = askers.map(([port, named]) => `${port} (${named.map(({ owner }) => owner).join(" and ")})`).join(", ");
  const variables = new Set(askers.flatMap(([, named]) => named.map(({ variable }) => variable)));
  throw new StartError(`Asked for twice: port ${list}. Set ${[...variables].join(" or ")} to something else.`);
}

function refused({ port, owner, variable }: NamedPort, cause: unknown): StartError {
  const message = Error.isError(cause) ? cause.message : String(cause);
  return new StartError(`Port ${port} (${owner}) cannot be opened: ${message}. Set ${variable} to another.`, { cause });
}
