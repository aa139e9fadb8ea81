import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { ReconcileCertificateResponseSchema } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { createLogger } from "../runtime/logger.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import { runCertificateJobs } from "./certificate-jobs.ts";

let database: TestDatabase;
let owner: pg.Pool;

beforeAll(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
  owner = new pg.Pool({ connectionString: database.ownerUrl, max: 2 });
});
afterAll(async () => {
  await owner.end();
  await database.close();
});

/** The certificate service, as far as the queue knows it; tells of each purchase that it is asked for. */
function certificateService() {
  const asked = new EventEmitter().setMaxListeners(0);
  return {
    asked,
    async reconcileCertificate({ purchaseId = "" }: { purchaseId?: string }) {
      asked.emit(purchaseId);
      return create(ReconcileCertificateResponseSchema, { ledgerVersion: 1n });
    },
  };
}

/** Asks until there is an answer. */
async function found(query: string, values: unknown[] = []): Promise<void> {
  const tooLate = AbortSignal.timeout(20_000);
  while ((await owner.query(query, values)).rowCount === 0) tooLate.throwIfAborted();
}

/** Nothing is struck off the queue the first time that it is tried. */
const FAIL_ONCE = `
  create sequence struck_off;
  create function fail_once() returns trigger language plpgsql as $$
  begin
    if nextval('struck_off') = 1 then raise exception 'not now'; end if;
    return old;
  end
  $$;
  create trigger fail_once before delete on graphile_worker._private_jobs for each row execute function fail_once();
`;

test("workers that cannot strike off what is done are replaced, and what they hold is given back", async () => {
  const certificates = certificateService();
  const logger = createLogger("booking", "silent");
  const jobs = await runCertificateJobs({ queueUrl: database.ownerUrl, certificates, logger });
  await owner.query(FAIL_ONCE);
  const [first, second] = [randomUUID(), randomUUID()];
  const working = once(certificates.asked, first);
  await owner.query("select add_certificate_job($1, '{}')", [first]);
  await working;
  await found(
    `select from queue_worker
     having count(*) = 1 and bool_and(worker_id <> (select locked_by from graphile_worker.jobs where key = $1))`,
    [`certificate:${first}`],
  );
  const replaced = once(certificates.asked, second);
  await owner.query("select add_certificate_job($1, '{}')", [second]);
  await replaced;

  const again = once(certificates.asked, first);
  await owner.query("update graphile_worker._private_jobs set locked_at = now() - interval '16 s' where key = $1", [
    `certificate:${first}`,
  ]);
  await owner.query("select worker_seen('{}', '15 s')");
  await again;
  await jobs.stop();
  expect((await owner.query("select from graphile_worker.jobs")).rowCount).toBe(0);
  expect((await owner.query("select from queue_worker")).rowCount).toBe(0);
});

test("many jobs are fetched together, and struck off together", async () => {
  await owner.query(`
    create sequence fetches;
    create sequence strikes;
    create function count_statement() returns trigger language plpgsql as $$
    begin
      perform nextval(tg_argv[0]);
      return null;
    end
    $$;
    create trigger count_fetches after update on graphile_worker._private_jobs
      for each statement execute function count_statement('public.fetches');
    create trigger count_strikes after delete on graphile_worker._private_jobs
      for each statement execute function count_statement('public.strikes');
  `);
  const purchaseIds = Array.from({ length: 100 }, () => randomUUID());
  const certificates = certificateService();
  const all = Promise.all(purchaseIds.map((purchaseId) => once(certificates.asked, purchaseId)));
  await owner.query("select add_certificate_job(id, '{}') from unnest($1::uuid[]) id", [purchaseIds]);
  await owner.query("alter sequence fetches restart");
  const logger = createLogger("booking", "silent");
  const jobs = await runCertificateJobs({ queueUrl: database.ownerUrl, certificates, logger });
  await all;
  await jobs.stop();
  expect((await owner.query("select from graphile_worker.jobs")).rowCount).toBe(0);
  const { rows } = await owner.query(
    "select (select last_value from fetches)::int as fetches, (select last_value from strikes)::int as strikes",
  );
  expect(rows[0].fetches).toBeLessThan(20);
  expect(rows[0].strikes).toBeLessThan(20);
});

test("whoever has locked a job that is at work is known to be alive", async () => {
  const called = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const jobs = await runCertificateJobs({
    queueUrl: database.ownerUrl,
    certificates: {
      async reconcileCertificate() {
        called.resolve();
        await answer.promise;
        return create(ReconcileCertificateResponseSchema, { ledgerVersion: 1n });
      },
    },
    logger: createLogger("booking", "silent"),
  });
  await owner.query("select add_certificate_job($1, '{}')", [randomUUID()]);
  await called.promise;
  await found("select from graphile_worker.jobs j join queue_worker w on w.worker_id = j.locked_by");
  answer.resolve();
  await jobs.stop();
  expect((await owner.query("select from graphile_worker.jobs")).rowCount).toBe(0);
});
