import { ADMIN_PORT_OFFSET, type LocalConfig, localConfig } from "./config.ts";
import { portsOf } from "./ports.ts";

export interface AnnouncementOptions {
  config: LocalConfig;
  /** Where Postgres listens. */
  postgres: string;
  logs: string;
  token: string;
  /** A place that a zone serves. */
  place: { latitude: number; longitude: number };
}

/** What is printed once everything answers: where it is, and a call to paste. */
export function announcement({ config, postgres, logs, token, place }: AnnouncementOptions): string {
  const services = portsOf(config).filter(({ owner }) => ["trainer", "booking", "certificate"].includes(owner));
  const gateway = `http://127.0.0.1:${config.PORT}`;
  const defaults = localConfig.parse({});
  const elsewhere = (["CADRE_DIRECTORY", "PORT"] as const).filter(
    (variable) => config[variable] !== defaults[variable],
  );
  const demo = [...elsewhere.map((variable) => `${variable}=${config[variable]}`), "npm run demo"].join(" ");
  const point = JSON.stringify({ point: place });
  return `
cadre is ready

  gateway      ${gateway}   Connect, gRPC-Web, gRPC and JSON; admin port ${config.GATEWAY_ADMIN_PORT}
${services
  .map(
    ({ owner, port }) =>
      `  ${owner.padEnd(12)} 127.0.0.1:${port}   gRPC with health and reflection; admin port ${port + ADMIN_PORT_OFFSET}`,
  )
  .join("\n")}
  Postgres     ${postgres}
  logs         ${logs}

Which zone serves this place? (The token in it is an admin's, for this machine, good for 8 hours.)

curl -s ${gateway}/cadre.booking.v1.ZoneService/LocateZone -H 'content-type: application/json' -H 'authorization: Bearer ${token}' -d '${point}'

A whole booking, from the wish to the certificate: ${demo}
Ctrl-C stops everything.
`;
}
