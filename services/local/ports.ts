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
  return [
    { port: config.PORT, owner: "gateway", variable: "PORT" },
    { port: config.GATEWAY_ADMIN_PORT, owner: "gateway's admin port", variable: "GATEWAY_ADMIN_PORT" },
    ...services,
  ];
}

/** Throws a StartError that names the ports that another program listens on. */
export async function assertFree(ports: NamedPort[]): Promise<void> {
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
    `Taken by another program or asked for twice: port ${list}. Stop that program, or set ${variables} to something else.`,
  );
}

function refused({ port, owner, variable }: NamedPort, cause: unknown): StartError {
  const message = Error.isError(cause) ? cause.message : String(cause);
  return new StartError(`Port ${port} (${owner}) cannot be opened: ${message}. Set ${variable} to another.`, { cause });
}
