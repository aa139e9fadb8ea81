import type pg from "pg";
import { z } from "zod";
import type { Queryable } from "../runtime/database.ts";

/** What a statement, or one inside a function that it calls, read of a table. */
export interface Scan {
  table: string;
  /** Null for the whole table. */
  index: string | null;
  /** Rows looked at, those that a filter then threw away included. */
  rows: number;
}

interface Node {
  "Node Type": string;
  "Relation Name"?: string | undefined;
  "Index Name"?: string | undefined;
  "Actual Rows"?: number | undefined;
  "Actual Loops"?: number | undefined;
  "Rows Removed by Filter"?: number | undefined;
  "Rows Removed by Index Recheck"?: number | undefined;
  Plans?: Node[] | undefined;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    "Node Type": z.string(),
    "Relation Name": z.string().optional(),
    "Index Name": z.string().optional(),
    "Actual Rows": z.number().optional(),
    "Actual Loops": z.number().optional(),
    "Rows Removed by Filter": z.number().optional(),
    "Rows Removed by Index Recheck": z.number().optional(),
    Plans: z.array(node).optional(),
  }),
);
const logged = z.object({ Plan: node });

/** Has the server tell the client the plan of everything that it carries out from now on. As a superuser. */
export async function tellPlans(client: pg.ClientBase): Promise<void> {
  await client.query("load 'auto_explain'");
  await client.query(`
    set client_min_messages = notice;
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_analyze = on;
    set auto_explain.log_timing = off;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_format = json;
    set auto_explain.log_level = notice`);
}

/** What the queries read, in a transaction that is rolled back. */
export async function scansOf(client: pg.ClientBase, work: (db: Queryable) => Promise<unknown>): Promise<Scan[]> {
  const scans: Scan[] = [];
  const listen = ({ message = "" }: { message?: string | undefined }): void => {
    const at = message.indexOf("plan:");
    if (at >= 0) scans.push(...scansIn(logged.parse(JSON.parse(message.slice(at + "plan:".length))).Plan));
  };
  await client.query("begin");
  client.on("notice", listen);
  try {
    await work(queryable(client));
  } finally {
    // A statement is over, and its plan told, when the next one begins.
    await client.query("rollback");
    client.off("notice", listen);
  }
  return scans;
}

/** What the query functions ask of a database, as they ask it. Rows are not checked. */
function queryable(client: pg.ClientBase): Queryable {
  const rows = async ({ sql, values }: { sql: string; values: readonly unknown[] }) => {
    const text = sql.replaceAll("$slonik_", "$");
    return (await client.query<Record<string, unknown>>(text, [...values])).rows;
  };
  const first = async (query: Parameters<typeof rows>[0]) => (await rows(query))[0];
  const asked = {
    any: rows,
    many: rows,
    query: rows,
    anyFirst: async (query: Parameters<typeof rows>[0]) => (await rows(query)).map((row) => Object.values(row)[0]),
    one: first,
    maybeOne: first,
    oneFirst: async (query: Parameters<typeof rows>[0]) => Object.values((await first(query)) ?? {})[0],
  };
  return asked as unknown as Queryable;
}

function scansIn(plan: Node): Scan[] {
  const loops = plan["Actual Loops"] ?? 0;
  const below = (plan.Plans ?? []).flatMap((one) => scansIn(one));
  const removed = (plan["Rows Removed by Filter"] ?? 0) + (plan["Rows Removed by Index Recheck"] ?? 0);
  const rows = Math.ceil(((plan["Actual Rows"] ?? 0) + removed) * loops);
  const table = plan["Relation Name"];
  if (loops === 0 || table === undefined || plan["Node Type"] === "ModifyTable") return below;
  const bitmap = plan["Node Type"] === "Bitmap Heap Scan" ? indexesIn(plan).join(" ") : undefined;
  return [{ table, index: bitmap ?? plan["Index Name"] ?? null, rows }, ...below];
}

function indexesIn(plan: Node): string[] {
  return (plan.Plans ?? []).flatMap((one) => [...(one["Index Name"] ? [one["Index Name"]] : []), ...indexesIn(one)]);
}
