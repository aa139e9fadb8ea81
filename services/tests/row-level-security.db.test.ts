import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import { A, B, rowsOfTwoOperators, STUDENT, TRAINER } from "./rows-of-two-operators.ts";

/** Tables of which everybody reads every row, and why. */
const OPEN_TABLES = {
  trainer: {
    search_count: "how many trainers there are of each course: a search tells of all operators' to everybody",
  },
  booking: {
    course: "what is taught is the same with every operator",
    schedule_change_log: "one row: how far the log of changes is told",
    trainer_claim_log: "one row: since when changes of claims are noted",
  },
  certificate: {},
};

/** What who has rows may do to them beside reading them; whatever is not here the service does, or nobody. */
const WRITING = {
  everybody: { audit_log: "insert", idempotency: "all" },
  trainer: {
    trainer: "insert, update",
    working_hours: "delete, insert",
    qualification: "delete, insert, update",
    time_off: "delete, insert",
    trainer_history: "insert",
    trainer_change: "insert",
    search_count: "insert",
  },
  booking: {
    zone: "insert, update",
    student: "insert, update",
    purchase: "insert, update",
    session: "insert, update",
    decision: "insert",
  },
  certificate: { certificate: "update" },
};

/** Functions that see more than their callers, and why. */
const DEFINERS = {
  trainer: {
    forget_answers: "sweeps, and answers with a number",
    measured_trainers: "who of an operator reaches a point; empty where the caller does not see the operator",
    nearest_trainers: "who of an operator reaches a point; empty where the caller does not see the operator",
    walked_trainers: "who of an operator reaches a point; empty where the caller does not see the operator",
  },
  booking: {
    forget_answers: "sweeps, and answers with a number",
    locate_zone: "which zone serves a point does not depend on who asks",
    claim_times: "writes what follows from the sessions, and answers nothing",
    release_times: "deletes what no longer follows from the sessions, and answers nothing",
    times_of_student: "answers with times and nothing else",
    facts_hold: "answers whether a course and the zones are still as somebody knew them",
    zone_changed: "a trigger: writes what follows from a zone",
    log_new_purchase: "a trigger: writes what follows from a purchase",
    log_changed_purchase: "a trigger: writes what follows from a purchase",
    log_changed_sessions: "a trigger: writes what follows from sessions",
    log_deleted_sessions: "a trigger: writes what follows from sessions",
    certificate_is_due: "a trigger: writes what follows from a purchase",
    erase_student: "forgets a student with every operator, and answers nothing",
    add_certificate_job: "adds to a queue that is not the application's, and answers nothing",
  },
  certificate: { forget_answers: "sweeps, and answers with a number" },
};

const SERVICES = ["trainer", "booking", "certificate"] as const;

describe.each(SERVICES)("in the database of %s", (service) => {
  let database: TestDatabase;
  let tables: string[];
  /** Of which nobody reads every row. */
  let closed: string[];
  beforeAll(async () => {
    database = await testDatabase(new URL(`../${service}/migrations/`, import.meta.url));
    await asRole(database.adminUrl, (admin) => admin.query(rowsOfTwoOperators[service]));
    const { rows } = await asRole(database.ownerUrl, (owner) =>
      owner.query<{ name: string }>("select relname as name from pg_class where relrowsecurity and relkind = 'r'"),
    );
    tables = rows.map(({ name }) => name);
    closed = tables.filter((name) => !(name in OPEN_TABLES[service]));
  });
  afterAll(() => database?.close());

  test("every table is closed, and those that everybody reads say why", async () => {
    expect(await looseTables(database)).toEqual([]);
    const { rows } = await asRole(database.ownerUrl, (owner) =>
      owner.query<{ name: string }>(`
        select tablename as name from pg_policies
        where roles = '{public}' and (cmd = 'SELECT' and qual = 'true' or coalesce(with_check, qual) = 'true' and cmd <> 'SELECT')
        order by 1
      `),
    );
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(OPEN_TABLES[service]).sort());
  });

  test("who reads a table writes it only where that is said", async () => {
    const { rows } = await asRole(database.ownerUrl, (owner) =>
      owner.query<{ name: string; commands: string }>(`
        select tablename as name, string_agg(distinct lower(cmd), ', ') as commands from pg_policies
        where roles = '{public}' and cmd <> 'SELECT' group by tablename
      `),
    );
    const written = Object.fromEntries(rows.map(({ name, commands }) => [name, commands]));
    expect(written).toEqual({ ...WRITING.everybody, ...WRITING[service] });
  });

  test("a table without a policy, or whose owner no policy binds, is found", async () => {
    await asRole(database.ownerUrl, (owner) =>
      owner.query(`
        create table loose (operator_id uuid not null);
        create table unforced (operator_id uuid not null);
        call close_table('unforced', 'true');
        alter table unforced no force row level security;
      `),
    );
    const found = await looseTables(database);
    await asRole(database.ownerUrl, (owner) => owner.query("drop table loose, unforced"));
    expect(found).toEqual(expect.arrayContaining(["loose", "unforced"]));
  });

  test("every function that sees more than its caller says why", async () => {
    const { rows } = await asRole(database.ownerUrl, (owner) =>
      owner.query<{ name: string }>(`
        select distinct proname as name from pg_proc
        where prosecdef and pronamespace = 'public'::regnamespace order by proname
      `),
    );
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(DEFINERS[service]).sort());
  });

  test("without a caller the application sees nothing, and the service everything", async () => {
    expect(await counted(database.url, {})).toEqual(Object.fromEntries(closed.map((table) => [table, 0])));
    const everything = await counted(database.adminUrl, {});
    expect(await counted(serviceUrl(database), {})).toEqual(everything);
    expect(Math.min(...Object.values(everything))).toBeGreaterThan(0);
  });

  test("an operator sees what is its own and nothing of another's", async () => {
    const seen = await counted(database.url, { "cadre.subject": "a", "cadre.operator_id": A });
    expect(seen).toEqual(Object.fromEntries(closed.map((table) => [table, SEEN_BY_OPERATOR[table] ?? 1])));
    const others = await ownersSeen({ "cadre.subject": "a", "cadre.operator_id": A });
    expect(others).toEqual([A]);
  });

  test("an operator changes nothing of another's", async () => {
    for (const table of closed) {
      for (const change of [`delete from ${table}`, `update ${table} set ${await someColumn(table)}`]) {
        const others = `${await ownerColumn(table)} = '${table === "idempotency" ? "b" : B}'`;
        const changed = await asCaller({ "cadre.subject": "a", "cadre.operator_id": A }, (client) =>
          client.query(`${change} where ${others}`).then(
            ({ rowCount }) => rowCount,
            (error: pg.DatabaseError) => error.code,
          ),
        );
        // Insufficient privilege is how the triggers of claims and of the audit log refuse.
        expect([0, "42501"]).toContainEqual(changed);
      }
    }
  });

  test("an operator writes no audit row of another's, nor in another's name", async () => {
    const write = (subject: string, operatorId: string) =>
      asCaller({ "cadre.subject": "a", "cadre.operator_id": A }, (client) =>
        client.query(
          `insert into audit_log (at, subject, role, action, entity, entity_id, operator_id, request_id)
           values (now(), $1, 'operator', 'X', 'x', 'x', $2, 'x')`,
          [subject, operatorId],
        ),
      );
    await expect(write("a", B)).rejects.toMatchObject({ code: "42501" });
    await expect(write("b", A)).rejects.toMatchObject({ code: "42501" });
    await expect(write("a", A)).resolves.toMatchObject({ rowCount: 1 });
  });

  test("a student sees its own with every operator, a trainer its own", async () => {
    const student = await counted(database.url, { "cadre.subject": "s", "cadre.student_id": STUDENT });
    const trainer = await counted(database.url, { "cadre.subject": "t", "cadre.trainer_id": TRAINER });
    const shown = (counts: Record<string, number>) => Object.entries(counts).filter(([, count]) => count > 0);
    expect(Object.fromEntries(shown(student))).toEqual(SEEN_BY_STUDENT[service]);
    expect(Object.fromEntries(shown(trainer))).toEqual(SEEN_BY_TRAINER[service]);
  });

  test("a student changes nothing but itself, a trainer what it completes; neither deletes anything", async () => {
    const changes = async (settings: Record<string, string>) => {
      const done: Record<string, unknown> = {};
      for (const table of tables) {
        for (const [verb, change] of [
          ["deletes", `delete from ${table}`],
          ["changes", `update ${table} set ${await someColumn(table)}`],
        ]) {
          const outcome = await asCaller(settings, (client) =>
            client.query(change ?? "").then(
              ({ rowCount }) => rowCount,
              (error: pg.DatabaseError) => error.code,
            ),
          );
          if (outcome !== 0 && outcome !== "42501") done[`${verb} ${table}`] = outcome;
        }
      }
      return done;
    };
    const isBooking = service === "booking";
    expect(await changes({ "cadre.subject": "s", "cadre.student_id": STUDENT })).toEqual(
      isBooking ? { "changes student": 1 } : {},
    );
    expect(await changes({ "cadre.subject": "t", "cadre.trainer_id": TRAINER })).toEqual(
      isBooking ? { "changes purchase": 1, "changes session": 1 } : {},
    );
  });

  async function counted(url: string, settings: Record<string, string>): Promise<Record<string, number>> {
    return asCaller(
      settings,
      async (client) => {
        const counts: Record<string, number> = {};
        for (const table of closed) {
          const { rows } = await client.query<{ count: number }>(`select count(*)::int as count from ${table}`);
          counts[table] = rows[0]?.count ?? 0;
        }
        return counts;
      },
      url,
    );
  }

  /** Whose rows are seen in all tables that tell whose they are. */
  async function ownersSeen(settings: Record<string, string>): Promise<string[]> {
    return asCaller(settings, async (client) => {
      const owners = new Set<string>();
      for (const table of closed) {
        if (!(await columnsOf(table)).includes("operator_id")) continue;
        const { rows } = await client.query<{ owner: string }>(`select distinct operator_id as owner from ${table}`);
        for (const { owner } of rows) owners.add(owner);
      }
      return [...owners];
    });
  }

  async function ownerColumn(table: string): Promise<string> {
    const columns = await columnsOf(table);
    return ["operator_id", "franchise_id", "subject", "student_id"].find((name) => columns.includes(name)) ?? "null";
  }

  async function someColumn(table: string): Promise<string> {
    const [column] = (await columnsOf(table, "attgenerated = '' and attidentity = ''")).filter(
      (name) => name !== "operator_id",
    );
    return `${column} = ${column}`;
  }

  async function columnsOf(table: string, which = "true"): Promise<string[]> {
    const { rows } = await asRole(database.ownerUrl, (owner) =>
      owner.query<{ name: string }>(
        `select attname as name from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and ${which}`,
        [table],
      ),
    );
    return rows.map(({ name }) => name);
  }

  /** In a transaction that is undone, as the application's role unless told otherwise. */
  function asCaller<T>(
    settings: Record<string, string>,
    work: (client: pg.Client) => Promise<T>,
    url = database.url,
  ): Promise<T> {
    return asRole(url, async (client) => {
      await client.query("begin");
      for (const setting of Object.entries(settings)) await client.query("select set_config($1, $2, true)", setting);
      return work(client);
    });
  }
});

const SEEN_BY_OPERATOR: Record<string, number> = {
  student: 1,
  // The service's alone.
  student_claim: 0,
  certificate_due: 0,
  credential: 0,
  retired_status_place: 0,
  zone_change: 0,
  zone_version: 0,
  queue_worker: 0,
  trainer_change_log: 0,
};
const SEEN_BY_STUDENT = {
  trainer: {},
  booking: { zone: 2, student: 1, purchase: 2, session: 2, schedule_change: 2 },
  certificate: { certificate: 2 },
};
const SEEN_BY_TRAINER = {
  trainer: { trainer: 1, working_hours: 1, qualification: 1, time_off: 1, trainer_history: 1, trainer_change: 1 },
  booking: { zone: 2, student: 1, purchase: 1, session: 1, trainer_claim: 1, schedule_change: 1 },
  certificate: {},
};

/** Tables, and views that do not ask with the rights of who reads them, that let everybody see every row. */
async function looseTables(database: TestDatabase): Promise<string[]> {
  const { rows } = await asRole(database.ownerUrl, (owner) =>
    owner.query<{ name: string }>(`
      select relname as name from pg_class c
      where relnamespace = 'public'::regnamespace
        and case
          when relkind in ('r', 'p') then
            not relrowsecurity or not relforcerowsecurity or not exists (select from pg_policy where polrelid = c.oid)
          when relkind = 'v' then not coalesce('security_invoker=true' = any (reloptions), false)
          else relkind = 'm'
        end
        -- Not those of an extension.
        and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
    `),
  );
  return rows.map(({ name }) => name);
}

function serviceUrl({ url }: TestDatabase): string {
  const service = new URL(url);
  service.username += "_service";
  return service.href;
}

async function asRole<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return work(client).finally(() => client.end());
}
