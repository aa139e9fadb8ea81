import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import pg from "pg";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { startPostgres } from "../../runtime/embedded-postgres.ts";
import { migrateService } from "../../runtime/migrations.ts";
import { type ProvisionedDatabase, provisionService } from "../../runtime/provision.ts";
import { benchIssuer } from "../issuer.ts";
import { freePorts } from "../ports.ts";
import { startProgram } from "../program.ts";
import { MIGRATIONS } from "./worlds.ts";

/** With more, Postgres takes a tenth more CPU for each booking, and books fewer. */
const CONNECTIONS = 2 * availableParallelism() + 1;

const COMPANY = "c0000000-0000-4000-8000-000000000000";

/** A database of booking's. */
export interface BookingDatabase extends ProvisionedDatabase {
  name: string;
  /** As the superuser. */
  adminUrl: string;
}

/** A trainer service and any number of booking services, each a process, on a Postgres that keeps its promises. */
export interface BookingMesh extends AsyncDisposable {
  /** The trainer service's database, as the superuser. */
  trainerAdminUrl: string;
  /** An operator's, who works for the company: it sees the company's rows alone. */
  token: string;
  adminToken: string;
  /** An empty one, with booking's tables. */
  database(name: string): Promise<BookingDatabase>;
  drop(database: BookingDatabase): Promise<void>;
  /** Runs statements as the superuser, on no database in particular. */
  onServer(...statements: string[]): Promise<void>;
  /** Booking as its process serves it; its address. */
  serve(database: BookingDatabase): Promise<string>;
  /** A gateway to the trainer service and to booking at an address; its URL. */
  gateway(bookingAddress: string): Promise<string>;
}

/** Trainers are to be there before the first booking service is. */
export async function startMesh(): Promise<BookingMesh> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cadre-bench-"));
  stack.defer(() => rm(folder, { recursive: true }));
  const settings = {
    max_connections: "200",
    shared_buffers: "1GB",
    maintenance_work_mem: "512MB",
    max_wal_size: "8GB",
    // A checkpoint would fall into one side's round.
    checkpoint_timeout: "1h",
  };
  const postgres = await startPostgres({ directory: join(folder, "data"), port: 0, password: "bench", settings });
  stack.defer(() => postgres.stop());

  const provision = (service: string) =>
    provisionService({ adminUrl: postgres.url, service, ownerPassword: "bench", appPassword: "bench" });
  const onDatabase = (name: string) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
  const trainer = await provision("trainer");
  await migrateService(trainer.migrationDatabaseUrl, new URL("../../trainer/migrations/", import.meta.url));

  const issuer = await benchIssuer(["trainer", "booking"]);
  const [trainerPort, trainerAdmin, bookingPort] = await freePorts();
  const shared = {
    PATH: env.PATH ?? "",
    LOG_LEVEL: "warn",
    TOKEN_ISSUER: issuer.issuer,
    TOKEN_JWKS: issuer.jwks,
    BOOKING_ADDRESS: `127.0.0.1:${bookingPort}`,
    TRAINER_ADDRESS: `127.0.0.1:${trainerPort}`,
    CERTIFICATE_ADDRESS: "127.0.0.1:1",
  };
  const urls = (database: ProvisionedDatabase) => ({
    DATABASE_URL: database.databaseUrl,
    SERVICE_DATABASE_URL: database.serviceDatabaseUrl,
    MIGRATION_DATABASE_URL: database.migrationDatabaseUrl,
  });
  stack.use(
    await startProgram("services/trainer/main.ts", trainerPort, {
      ...shared,
      ...urls(trainer),
      SERVICE_KEY: issuer.serviceKeys.trainer ?? "",
      PORT: String(trainerPort),
      ADMIN_PORT: String(trainerAdmin),
    }),
  );

  async function onServer(...statements: string[]): Promise<void> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }
  const rest = stack.move();
  return {
    trainerAdminUrl: onDatabase("cadre_trainer"),
    token: await issuer.mint(Role.OPERATOR, { operator_id: COMPANY }),
    adminToken: issuer.token,
    async database(name) {
      const database = await provision(name);
      await migrateService(database.migrationDatabaseUrl, MIGRATIONS);
      return { ...database, name: `cadre_${name}`, adminUrl: onDatabase(`cadre_${name}`) };
    },
    drop: ({ name }) => onServer(`drop database ${name} with (force)`),
    onServer,
    async serve(database) {
      const [port, admin] = await freePorts();
      const program = await startProgram("services/booking/main.ts", port, {
        ...shared,
        ...urls(database),
        QUEUE_DATABASE_URL: database.migrationDatabaseUrl,
        SERVICE_KEY: issuer.serviceKeys.booking ?? "",
        DATABASE_CONNECTIONS: String(CONNECTIONS),
        PORT: String(port),
        ADMIN_PORT: String(admin),
      });
      rest.use(program);
      return `127.0.0.1:${port}`;
    },
    async gateway(bookingAddress) {
      const [port, admin] = await freePorts();
      const addresses = { BOOKING_ADDRESS: bookingAddress, PORT: String(port), ADMIN_PORT: String(admin) };
      rest.use(await startProgram("services/gateway/main.ts", port, { ...shared, ...addresses }));
      return `http://127.0.0.1:${port}`;
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}
