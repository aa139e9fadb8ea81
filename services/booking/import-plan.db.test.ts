import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { sql, type Transaction } from "../runtime/database.ts";
import { type TestDatabase, testDatabase } from "../runtime/testing/database.ts";
import { lockListed, readListed } from "./import-zone-queries.ts";
import { COMPANY_OPERATOR_ID } from "./operator.ts";
import type { ListedZone } from "./zone-row.ts";

const ZONES = 20_000;
const FRANCHISE_ID = "f0000000-0000-4000-8000-000000000001";
const explained = z.object({
  "QUERY PLAN": z.array(
    z.object({ Plan: z.object({ "Shared Hit Blocks": z.number(), "Shared Read Blocks": z.number() }) }),
  ),
});

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase(new URL("./migrations/", import.meta.url));
  await database.all.query(sql.unsafe`
    insert into zone (zone_id, franchise_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
    select gen_random_uuid(), case when n % 2 = 0 then ${FRANCHISE_ID}::uuid end, 'Zone ' || n, 0, 0, 1000, 'UTC', 'US', '', now()
    from generate_series(1, ${ZONES}) n
  `);
}, 60_000);

afterAll(() => database?.close());

test.each([
  ["known", readListed],
  ["locked", lockListed],
])("zones of a list are %s without reading all zones", async (_, ask: Ask) => {
  const listed = Array.from({ length: 10 }, (_, number) => zone(100 + number));
  expect(await blocksRead(ask, listed)).toBeLessThan(200);
});

type Ask = (tx: Transaction, listed: readonly ListedZone[]) => Promise<unknown>;

async function blocksRead(ask: Ask, listed: readonly ListedZone[]): Promise<number> {
  let blocks = Number.NaN;
  const explain = async (query: Parameters<Transaction["any"]>[0]) => {
    const plan = await database.all.one(sql.type(explained)`explain (analyze, buffers, format json) ${query}`);
    const { "Shared Hit Blocks": hit = 0, "Shared Read Blocks": read = 0 } = plan["QUERY PLAN"][0]?.Plan ?? {};
    blocks = hit + read;
  };
  await ask({ any: explain, query: explain } as unknown as Transaction, listed);
  return blocks;
}

function zone(number: number): ListedZone {
  const franchiseId = number % 2 === 0 ? FRANCHISE_ID : null;
  return {
    operatorId: franchiseId ?? COMPANY_OPERATOR_ID,
    franchiseId,
    name: `Zone ${number}`,
    centre: { latitude: 0, longitude: 0 },
    radiusMeters: 1000,
    ...{ timeZone: "UTC", countryCode: "US", regionCode: "" },
  };
}
