import { z } from "zod";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Franchise } from "./franchise.ts";
import type { Visible } from "./operator.ts";

const franchiseRow = z.object({
  franchiseId: z.string(),
  name: z.string(),
  countryCode: z.string(),
  version: z.number(),
  createTime: instant,
});

const columns = sql.fragment`
  f.franchise_id as "franchiseId", f.name, f.country_code as "countryCode", f.version, f.create_time as "createTime"
`;

/** A taken name shows as a violation of franchise_name_taken. */
export function insertFranchise(
  tx: Transaction,
  { franchiseId, name, countryCode, createTime }: Omit<Franchise, "version">,
): Promise<Franchise> {
  return tx.one(sql.type(franchiseRow)`
    insert into franchise as f (franchise_id, name, country_code, create_time)
    values (${franchiseId}, ${name}, ${countryCode}, ${createTime.toString()}::timestamptz)
    returning ${columns}
  `);
}

/** What an update may change; what it leaves out stays. */
export type FranchiseFacts = Partial<Pick<Franchise, "name" | "countryCode">>;

/** Null when there is no such franchise. A taken name shows as a violation of franchise_name_taken. */
export function updateFranchiseFacts(
  tx: Transaction,
  franchiseId: string,
  { name = null, countryCode = null }: { [Fact in keyof FranchiseFacts]: FranchiseFacts[Fact] | null },
): Promise<Franchise | null> {
  return tx.maybeOne(sql.type(franchiseRow)`
    update franchise f set
      name = coalesce(${name}, f.name), country_code = coalesce(${countryCode}, f.country_code), version = f.version + 1
    where f.franchise_id = ${franchiseId}
    returning ${columns}
  `);
}

export function findFranchise(db: Queryable, franchiseId: string, visible: Visible): Promise<Franchise | null> {
  return db.maybeOne(sql.type(franchiseRow)`
    select ${columns} from franchise f where f.franchise_id = ${franchiseId} and ${visibleFranchises(visible)}
  `);
}

/** `after` is the name that the last franchise of the page before had then. */
export function listFranchises(
  db: Database,
  visible: Visible,
  after: string | null,
  limit: number,
): Promise<readonly Franchise[]> {
  const fromStart = sql.fragment`true`;
  return db.any(sql.type(franchiseRow)`
    select ${columns} from franchise f
    where ${visibleFranchises(visible)}
      and ${after === null ? fromStart : sql.fragment`f.name > ${after}`}
    order by f.name
    limit ${limit}
  `);
}

function visibleFranchises(visible: Visible) {
  if (visible.of === "everybody") return sql.fragment`true`;
  if (visible.of === "operator") return sql.fragment`f.franchise_id = ${visible.operatorId}::uuid`;
  return sql.fragment`false`;
}
