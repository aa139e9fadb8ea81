import type { Pool } from "pg";
import { coalesce } from "../runtime/coalesce.ts";
import type { Logger } from "../runtime/logger.ts";

const SWEEP_EVERY_MS = 5_000;
const AT_MOST = 500;

export interface Sweep {
  stop(): Promise<void>;
}

/** Finds, at once and then every few seconds, the purchases whose certificate is due and whose job got lost. */
export function sweepCertificates(pool: Pool, logger: Pick<Logger, "info" | "warn">): Sweep {
  let sweeping = Promise.resolve();
  const sweep = (): void => {
    sweeping = sweeping
      .then(() => sweepOnce(pool))
      .then(
        (jobs) => void (jobs > 0 && logger.info({ jobs }, "certificates were due without a job at work")),
        (error: unknown) => logger.warn({ err: error }, "the certificates that are due could not be swept"),
      );
  };
  sweep();
  const timer = setInterval(sweep, SWEEP_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}

/** How many jobs were added, or told to run now. */
export async function sweepOnce(pool: Pick<Pool, "query">): Promise<number> {
  const { rows } = await pool.query<{ jobs: string }>("select sweep_certificates($1) as jobs", [AT_MOST]);
  return Number(rows[0]?.jobs ?? 0);
}

/** The certificate says what the ledger said at that version; a later change is due still. */
export interface Settled {
  purchaseId: string;
  version: bigint;
}

/** What is settled in one turn of the event loop is settled in one statement. */
export function settler(pool: Pick<Pool, "query">): (settled: Settled) => Promise<unknown> {
  return coalesce(async (settled) => {
    await pool.query(
      `delete from certificate_due d using unnest($1::uuid[], $2::bigint[]) as s (purchase_id, version)
       where d.purchase_id = s.purchase_id and d.version <= s.version`,
      [settled.map(({ purchaseId }) => purchaseId), settled.map(({ version }) => version)],
    );
    return new Map();
  }, AT_MOST);
}
