import { randomUUID } from "node:crypto";
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
  const { rows } = await owner.query(
    "select w.worker_id is not null as alive from graphile_worker.jobs j left join queue_worker w on w.worker_id = j.locked_by",
  );
  answer.resolve();
  await jobs.stop();
  expect(rows).toEqual([{ alive: true }]);
  expect((await owner.query("select from graphile_worker.jobs")).rowCount).toBe(0);
});
