import { z } from "zod";
import { type Database, type Queryable, sql } from "../../runtime/database.ts";
import type { Certificate } from "../certificate.ts";
import type { StatusListKey } from "./status-list.ts";

const documentRow = z.object({ document: z.string() });

/** What was signed for the certificate as it is now, with a key that still counts. */
export function findCredential(
  db: Queryable,
  { operatorId, certificateId, statusList, statusIndex }: Certificate,
  keys: readonly string[],
): Promise<string | null> {
  return db.maybeOneFirst(sql.type(documentRow)`
    select document from credential
    where operator_id = ${operatorId} and certificate_id = ${certificateId}
      and status_list = ${statusList} and status_index = ${statusIndex}
      and signed_with = any(${sql.array([...keys], "text")})
  `);
}

/** Of two who sign at once the first counts; what was signed with a key that counts no more gives way. */
export async function keepCredential(
  db: Queryable,
  { operatorId, certificateId, statusList, statusIndex }: Certificate,
  signed: { document: string; keys: readonly string[] },
): Promise<void> {
  await db.query(sql.unsafe`
    insert into credential as c (operator_id, certificate_id, status_list, status_index, signed_with, document)
    values (
      ${operatorId}, ${certificateId}, ${statusList}, ${statusIndex}, ${signed.keys[0] ?? ""}, ${signed.document}
    )
    on conflict (operator_id, certificate_id, status_list, status_index) do update
      set signed_with = excluded.signed_with, document = excluded.document
      where c.signed_with <> all(${sql.array([...signed.keys], "text")})
  `);
}

const setRow = z.object({ exists: z.boolean(), set: z.array(z.number()) });

/** The places that are set in a list; null when no certificate has, or had, a place in it. */
export async function findSetPlaces(db: Database, { purpose, list }: StatusListKey): Promise<readonly number[] | null> {
  const state = purpose === "revocation" ? "revoked" : "suspended";
  const { exists, set } = await db.one(sql.type(setRow)`
    select
      exists (select from certificate where status_list = ${list})
        or exists (select from retired_status_place where status_list = ${list}) as exists,
      array(
        select status_index from certificate
        where status_list = ${list} and state <> 'valid' and state = ${state}
        union all
        select status_index from retired_status_place
        where status_list = ${list} and ${purpose} = 'revocation'
        order by status_index
      ) as set
  `);
  return exists ? set : null;
}
