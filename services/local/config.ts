import { z } from "zod";
import { LOCAL_DIRECTORY } from "./issuer.ts";

/** A process's admin port is its gRPC port plus this. */
export const ADMIN_PORT_OFFSET = 100;

const NOT_A_SERVER = "is not like postgres://user:password@host:5432/postgres";

const port = z.coerce
  .number("is not a port number")
  .int("is not a port number")
  .min(1, "is not a port number")
  .max(65_535 - ADMIN_PORT_OFFSET, `is above ${65_535 - ADMIN_PORT_OFFSET}`);

export const localConfig = z.object({
  /** Where databases, keys and logs are kept. */
  CADRE_DIRECTORY: z.string().min(1).default(LOCAL_DIRECTORY),
  /** A server of one's own, as a role that may create roles and databases; an embedded Postgres if absent. */
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: NOT_A_SERVER })
    .refine((url) => URL.canParse(url) && new URL(url).hostname !== "" && new URL(url).username !== "", NOT_A_SERVER)
    .optional(),
  /** The embedded Postgres's; any free one if absent. */
  POSTGRES_PORT: port.optional(),
  /** The gateway's. */
  PORT: port.default(8080),
  GATEWAY_ADMIN_PORT: port.default(7200),
  TRAINER_PORT: port.default(7101),
  BOOKING_PORT: port.default(7102),
  CERTIFICATE_PORT: port.default(7103),
});

export type LocalConfig = z.output<typeof localConfig>;
