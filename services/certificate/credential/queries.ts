import { z } from "zod";
import { type Database, type Queryable, sql } from "../../runtime/database.ts";
import type { Certificate } from "../certificate.ts";
import type { StatusListKey } from "./status-list.ts";

const documentRow = z.object({ document: z.string() });

/** What was signed for the certificate as it is now, with a key that still counts. */
export function findCredential(
  db: Queryable,
  { operatorId, certificateId, ledgerDigest }: Certificate,
  keyIds: readonly string[],
): Promise<string | null> {
  return db.maybeOneFirst(sql.type(documentRow)`
    select document from credential
    where operator_id = ${operatorId} and certificate_id = ${certificateId} and ledger_digest = ${ledgerDigest}
      and key_id = any(${sql.array([...keyIds], "text")})
  `);
}

/** Of two who sign at once the first counts; what was signed with a key that counts no more gives way. */
export async function keepCredential(
  db: Queryable,
  { operatorId, certificateId, ledgerDigest }: Certificate,
  signed: { document: string; keyIds: readonly string[] },
): Promise<void> {
  await db.query(sql.unsafe`
    insert into credential as c (operator_id, certificate_id, ledger_digest, key_id, document)
    values (${operatorId}, ${certificateId}, ${ledgerDigest}, ${signed.keyIds[0] ?? ""}, ${signed.document})
    on conflict (operator_id, certificate_id, ledger_digest) do update
      set key_id = excluded.key_id, document = excluded.document
      where c.key_id <> all(${sql.array([...signed.keyIds], "text")})
  `);
}

const setRow = z.object({ exists: z.boolean(), set: z.array(z.number()) });

/** The places that are set in a list; null when no certificate has a place in it. */
export async function findSetPlaces(db: Database, { purpose, list }: StatusListKey): Promise<readonly number[] | null> {
  const state = purpose === "revocation" ? "revoked" : "suspended";
  const { exists, set } = await db.one(sql.type(setRow)`
    select
      exists (select from certificate where status_list = ${list}) as exists,
      array(
        select status_index from certificate
        where status_list = ${list} and state <> 'valid' and state = ${state}
        order by status_index
      ) as set
  `);
  return exists ? set : null;
}
