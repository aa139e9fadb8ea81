import { sql, type Transaction } from "../runtime/database.ts";
import type { Session } from "./session.ts";

/** The states of several sessions of an operator in one statement: their claims are computed once. */
export function saveStates(tx: Transaction, operatorId: string, sessions: readonly Session[]): Promise<unknown> {
  const rows = sessions.map(({ purchaseId, sequence, state, version }) => [purchaseId, sequence, state, version]);
  return tx.query(sql.unsafe`
    update session s set state = n.state, version = n.version
    from ${sql.unnest(rows, ["uuid", "int4", "text", "int8"])} as n (purchase_id, sequence, state, version)
    where s.operator_id = ${operatorId} and s.purchase_id = n.purchase_id and s.sequence = n.sequence
  `);
}
