import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";

const CHANGES = 5_000;

let database: TestDatabase;
let session: pg.Client;

beforeAll(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
  session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
});

afterAll(async () => {
  await session?.end();
  await database?.close();
});

const NEWS = "select trainer_news_text($1, 2000)";
const PLACING = "select place_trainer_changes($1, false)";

test("what is new, and whether there is any to place, is found without reading the log, by a session that knew it empty as well", async () => {
  for (const since of [0, -1]) await blocksRead(NEWS, since);
  await blocksRead(PLACING, 5000);
  await session.query(
    `insert into trainer_change (position, operator_id, trainer_id, version, change_time, placed_at)
     select n, gen_random_uuid(), gen_random_uuid(), 1, now(), now() from generate_series(1, $1::int) n`,
    [CHANGES],
  );
  await session.query("update trainer_change_log set head = $1", [CHANGES]);
  for (const since of [CHANGES, CHANGES - 1]) await blocksRead(NEWS, since);
  expect(await blocksRead(NEWS, CHANGES)).toBeLessThan(10);
  expect(await blocksRead(NEWS, CHANGES - 1)).toBeLessThan(30);
  expect(await blocksRead(PLACING, 5000)).toBeLessThan(10);
});

async function blocksRead(question: string, parameter: number): Promise<number> {
  const { rows } = await session.query(`explain (analyze, buffers, format json) ${question}`, [parameter]);
  const { Plan } = rows[0]["QUERY PLAN"][0];
  return Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"];
}
