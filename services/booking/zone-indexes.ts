import { z } from "zod";
import { type Database, instant, sql } from "../runtime/database.ts";

/** An index of the zones, as the database describes it. */
export interface ZoneIndex {
  name: string;
  definition: string;
  /** Null when the index has all rows. */
  predicate: string | null;
  isUnique: boolean;
  isValid: boolean;
}

export interface ZoneRename {
  operatorId: string;
  zoneId: string;
  oldName: string;
  newName: string;
  renameTime: Temporal.Instant;
}

const WANTED = [
  { name: "zone_name_of_company", predicate: "(franchise_id IS NULL)" },
  { name: "zone_name_of_franchise", predicate: "(franchise_id IS NOT NULL)" },
];
const COLUMNS = /\(operator_id, name\)/;
const NAME = /\bname\b/;

/** What is wrong with the two indexes that keep a zone's name unique among its operator's, one sentence each. */
export function zoneIndexFaults(indexes: readonly ZoneIndex[]): string[] {
  const faults = WANTED.flatMap(({ name, predicate }) => {
    const index = indexes.find((index) => index.name === name);
    if (!index) return [`The index ${name} is missing.`];
    return [
      ...(index.isUnique ? [] : [`The index ${name} is not unique.`]),
      ...(index.isValid ? [] : [`The index ${name} is not valid: it does not hold every zone, or is not used.`]),
      ...(COLUMNS.test(index.definition) ? [] : [`The index ${name} is not over (operator_id, name).`]),
      ...(index.predicate === predicate
        ? []
        : [`The index ${name} is where ${index.predicate ?? "true"}, and should be where ${predicate}.`]),
    ];
  });
  const others = indexes.filter(
    ({ name, definition, isUnique }) =>
      isUnique && NAME.test(definition.replace(/^.* USING /, "")) && !WANTED.some((wanted) => wanted.name === name),
  );
  return [...faults, ...others.map(({ name }) => `Another rule than these two keeps names apart: ${name}.`)];
}

const indexRow = z.object({
  name: z.string(),
  definition: z.string(),
  predicate: z.string().nullable(),
  isUnique: z.boolean(),
  isValid: z.boolean(),
});

export function zoneIndexes(db: Database): Promise<readonly ZoneIndex[]> {
  return db.any(sql.type(indexRow)`
    select
      c.relname as name, pg_get_indexdef(i.indexrelid) as definition, pg_get_expr(i.indpred, i.indrelid) as predicate,
      i.indisunique or i.indisexclusion as "isUnique", i.indisvalid and i.indisready and i.indislive as "isValid"
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = 'zone'::regclass
    order by c.relname
  `);
}

const twinsRow = z.object({ operatorId: z.string(), name: z.string(), count: z.number() });

/** Names that several zones of one operator have, which an index that is not valid lets through. */
export function zoneTwins(db: Database): Promise<readonly z.output<typeof twinsRow>[]> {
  return db.any(sql.type(twinsRow)`
    select operator_id as "operatorId", name, count(*) from zone
    group by operator_id, name having count(*) > 1 order by operator_id, name
  `);
}

const renameRow = z.object({
  operatorId: z.string(),
  zoneId: z.string(),
  oldName: z.string(),
  newName: z.string(),
  renameTime: instant,
});

/** The zones that were renamed when the indexes came, because another had the same name. */
export function zoneRenames(db: Database): Promise<readonly ZoneRename[]> {
  return db.any(sql.type(renameRow)`
    select operator_id as "operatorId", zone_id as "zoneId", old_name as "oldName", new_name as "newName",
      rename_time as "renameTime"
    from zone_rename order by rename_time, operator_id, zone_id
  `);
}
