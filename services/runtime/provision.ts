import pg from "pg";

/** A server that answers nothing is not there. */
const CONNECT_TIMEOUT_MS = 10_000;

const OLDEST_SERVER = 150_000;

/** No call may take longer; its statements are cancelled when it ends, and these limits are for when that fails. */
const LONGEST_STATEMENT = "60s";

/** Why a service's database could not be made, as one sentence for the operator of the server. */
export class ProvisionError extends Error {
  override readonly name = "ProvisionError";
}

export interface ProvisionOptions {
  /** As a superuser, or as a role that may create roles and databases. */
  adminUrl: string;
  /** Names the database and the roles: cadre_<service>, cadre_<service>_service and cadre_<service>_owner. */
  service: string;
  ownerPassword: string;
  /** Of the two roles under which the service's process works. */
  appPassword: string;
}

export interface ProvisionedDatabase {
  /** As the application's role, which may read and write the rows that are its caller's, and nothing else. */
  databaseUrl: string;
  /** As the service's role, which may read and write every row, and nothing else. */
  serviceDatabaseUrl: string;
  /** As the owner's role, which migrates. */
  migrationDatabaseUrl: string;
}

/** Makes a service's database and its three roles, or sets right what is there. Repeatable, also by two at once. */
export async function provisionService(options: ProvisionOptions): Promise<ProvisionedDatabase> {
  const app = `cadre_${options.service}`;
  const service = `${app}_service`;
  const owner = `${app}_owner`;
  const migrationDatabaseUrl = urlOf(options.adminUrl, app, owner, options.ownerPassword);

  await session(options.adminUrl, async (admin) => {
    await checkServer(admin);
    await admin.query("select pg_advisory_lock(hashtextextended($1, 0))", [`provision ${app}`]);
    await ensureRole(admin, owner, options.ownerPassword);
    await ensureRole(admin, app, options.appPassword);
    await limitStatements(admin, app);
    await ensureRole(admin, service, options.appPassword);
    // The same rights; the policies of the tables tell the two apart.
    await admin.query(`grant ${pg.escapeIdentifier(app)} to ${pg.escapeIdentifier(service)}`);
    await limitStatements(admin, service);
    await ensureDatabase(admin, app, owner);
  });
  await session(migrationDatabaseUrl, (client) => grantRows(client, app));

  return {
    databaseUrl: urlOf(options.adminUrl, app, app, options.appPassword),
    serviceDatabaseUrl: urlOf(options.adminUrl, app, service, options.appPassword),
    migrationDatabaseUrl,
  };
}

async function checkServer(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ version: string; number: number; name: string; able: boolean }>(`
    select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
           rolname as name, rolsuper or (rolcreaterole and rolcreatedb) as able
    from pg_roles where rolname = current_user
  `);
  const [server] = rows;
  if (!server) throw new ProvisionError("The server does not say who is connected.");
  if (server.number < OLDEST_SERVER) {
    throw new ProvisionError(`The server is Postgres ${server.version}; Cadre needs 15 or later.`);
  }
  if (!server.able) {
    throw new ProvisionError(`The role ${server.name} may not create roles and databases (CREATEROLE and CREATEDB).`);
  }
}

async function ensureRole(admin: pg.Client, role: string, password: string): Promise<void> {
  const { rowCount } = await admin.query("select from pg_roles where rolname = $1", [role]);
  const name = pg.escapeIdentifier(role);
  if (!rowCount) await admin.query(`create role ${name} login`);
  await admin.query(`alter role ${name} login nocreatedb nocreaterole password ${pg.escapeLiteral(password)}`);
}

/** Of the application alone: a migration takes as long as it takes. */
async function limitStatements(admin: pg.Client, app: string): Promise<void> {
  const role = pg.escapeIdentifier(app);
  await admin.query(`alter role ${role} set statement_timeout = '${LONGEST_STATEMENT}'`);
  await admin.query(`alter role ${role} set idle_in_transaction_session_timeout = '${LONGEST_STATEMENT}'`);
}

async function ensureDatabase(admin: pg.Client, database: string, owner: string): Promise<void> {
  const { rows } = await admin.query<{ owner: string }>(
    "select pg_get_userbyid(datdba) as owner from pg_database where datname = $1",
    [database],
  );
  const [found] = rows;
  if (found && found.owner !== owner) {
    throw new ProvisionError(`The database ${database} exists and belongs to ${found.owner}, not to ${owner}.`);
  }
  if (found) return;
  await admin.query(MEMBERSHIP.replace("OWNER", pg.escapeIdentifier(owner)));
  await admin.query(
    `create database ${pg.escapeIdentifier(database)} owner ${pg.escapeIdentifier(owner)} encoding 'UTF8' template template0`,
  );
}

/** Only a member of a role may give it a database. From Postgres 16, having made the role is not enough. */
const MEMBERSHIP = "grant OWNER to current_user";

/** The defaults are the owner's, so that what a migration makes later is the application's to use. */
async function grantRows(client: pg.Client, app: string): Promise<void> {
  const role = pg.escapeIdentifier(app);
  await client.query(`
    select pg_advisory_xact_lock(hashtextextended('grants', 0)); -- Grants on one thing at once fail.
    revoke all on database ${role} from public;
    grant connect on database ${role} to ${role};
    revoke create on schema public from public;
    grant usage on schema public to ${role};
    alter default privileges in schema public grant select, insert, update, delete on tables to ${role};
    alter default privileges in schema public grant usage, select on sequences to ${role};
    alter default privileges in schema public grant execute on functions to ${role};
  `);
}

async function session(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "provision",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  try {
    await client.connect();
  } catch (error) {
    const { host, port, user } = client;
    const message = Error.isError(error) ? error.message || String(error) : String(error);
    throw new ProvisionError(`No session as ${user} on the server ${host}:${port}: ${message}.`, { cause: error });
  }
  try {
    await work(client);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== "42501") throw error;
    throw new ProvisionError(`The role ${client.user} lacks a right on the server: ${error.message}.`, {
      cause: error,
    });
  } finally {
    await client.end();
  }
}

function urlOf(adminUrl: string, database: string, user: string, password: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  url.username = user;
  url.password = encodeURIComponent(password);
  return url.href;
}
