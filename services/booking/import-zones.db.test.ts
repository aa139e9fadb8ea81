import { randomUUIDv7 } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import type { Zone } from "../../gen/cadre/booking/v1/zone_pb.ts";
import type { ImportReport } from "../../gen/cadre/bulk/v1/import_report_pb.ts";
import { sql } from "../runtime/database.ts";
import {
  type CatalogueClients,
  type CatalogueServer,
  givenZone,
  startCatalogueServer,
} from "./testing/catalogue-server.ts";
import { refusalOf } from "./testing/refusal.ts";

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

/** Ten kilometres around Prague; what a test is about, it says itself. */
function row(facts: Record<string, unknown> = {}) {
  return {
    line: 2,
    name: `Listed ${randomUUIDv7()}`,
    centre: { latitude: 50.08, longitude: 14.43 },
    radiusMeters: 10_000,
    timeZone: "Europe/Prague",
    countryCode: "CZ",
    regionCode: "",
    ...facts,
  };
}

type Row = ReturnType<typeof row>;

function imported(clients: CatalogueClients, batches: Row[][], requestId = randomUUIDv7()): Promise<ImportReport> {
  async function* requests() {
    for (const rows of batches) yield { requestId, rows };
  }
  return clients.zones.importZones(requests()).then(({ report }) => {
    if (!report) throw new Error("the answer is empty");
    return report;
  });
}

async function zonesNamed(...names: string[]): Promise<Zone[]> {
  const { zones } = await server.admin.zones.listZones({ pageSize: 1000 });
  return names.flatMap((name) => zones.filter((zone) => zone.name === name));
}

test("a list is taken in, and the same list again changes nothing", async () => {
  const franchiseId = server.givenFranchise();
  const rows = [row({ name: "Smíchov", timeZone: "europe/prague" }), row({ name: "Smíchov", franchiseId })];
  expect(await imported(server.admin, [rows])).toMatchObject({ created: 2, updated: 0, unchanged: 0, refused: [] });
  const zones = await zonesNamed("Smíchov");
  expect(zones).toHaveLength(2);
  expect(zones.map((zone) => zone.franchiseId)).toEqual(expect.arrayContaining([undefined, franchiseId]));
  expect(zones[0]).toMatchObject({ timeZone: "Europe/Prague", radiusMeters: 10_000, etag: "1" });

  const log = sql.type(z.object({ count: z.number() }))`select count(*) from audit_log`;
  const before = await server.db.oneFirst(log);
  expect(await imported(server.admin, [rows])).toMatchObject({ created: 0, updated: 0, unchanged: 2, refused: [] });
  expect(await zonesNamed("Smíchov")).toEqual(zones);
  expect(await server.db.oneFirst(log)).toBe(before);
});

test("a zone is overwritten by what a row says otherwise, also one that was added by itself", async () => {
  const before = await givenZone(server.admin);
  const centre = { latitude: -17, longitude: 179.9 };
  const listed = row({ name: before.name, centre, timeZone: "Pacific/Fiji", countryCode: "FJ" });
  expect(await imported(server.admin, [[listed]])).toMatchObject({ created: 0, updated: 1, unchanged: 0 });
  const [after] = await zonesNamed(before.name);
  expect(after).toMatchObject({
    zoneId: before.zoneId,
    centre,
    timeZone: "Pacific/Fiji",
    countryCode: "FJ",
    etag: "2",
  });
  expect((await server.admin.zones.locateZone({ point: centre })).zone).toEqual(after);
});

test("bad rows are named with everything that is wrong with them, and the good ones are kept", async () => {
  const [good, franchiseId] = [row({ line: 8 }), randomUUIDv7()];
  const report = await imported(server.admin, [
    [
      row({ line: 2, timeZone: "Mars/Base", radiusMeters: 0 }),
      row({ line: 3, centre: { latitude: 91, longitude: 0 } }),
      row({ line: 4, franchiseId }),
      row({ line: 5, countryCode: "CZ", regionCode: "DE-BY" }),
      row({ line: 6, name: "" }),
      row({ line: 7, name: "\0", countryCode: "cz", regionCode: "" }),
    ],
    [good, row({ line: 9, name: good.name })],
  ]);
  expect(report).toMatchObject({ created: 1, updated: 0, unchanged: 0 });
  const told = report.refused.map(({ line, faults }) => [
    line,
    ...faults.map(({ field, reason }) => `${field} ${reason}`),
  ]);
  expect(told).toEqual([
    [2, "radius_meters INVALID_FIELD", "time_zone INVALID_FIELD"],
    [3, "centre.latitude INVALID_FIELD"],
    [4, "franchise_id FRANCHISE_NOT_FOUND"],
    [5, "region_code INVALID_FIELD"],
    [6, "name INVALID_FIELD"],
    [7, "country_code INVALID_FIELD", "name INVALID_FIELD"],
    [9, "name DUPLICATE_ROW"],
  ]);
  expect(await zonesNamed(good.name)).toHaveLength(1);
});

test("an operator lists its own zones alone", async () => {
  const [own, other] = [server.givenFranchise(), server.givenFranchise()];
  const rows = [row({ line: 1, franchiseId: own }), row({ line: 2, franchiseId: other }), row({ line: 3 })];
  const report = await imported(server.operator(own), [rows]);
  expect(report.created).toBe(1);
  const reasons = report.refused.map(({ line, faults }) => [line, faults[0]?.reason]);
  expect(reasons).toEqual([
    [2, "OPERATOR_MISMATCH"],
    [3, "OPERATOR_MISMATCH"],
  ]);
});

test("a franchise is asked about once, and while nobody can tell, nothing of the batch is decided", async () => {
  const franchiseId = server.givenFranchise();
  const rows = [row({ franchiseId }), row({ franchiseId }), row({ franchiseId })];
  server.directory.failure = Code.Unavailable;
  const refusal = await refusalOf(imported(server.admin, [rows])).finally(() => {
    server.directory.failure = null;
  });
  expect(refusal).toEqual({ code: "Unavailable", reason: "TRAINER_DIRECTORY_UNAVAILABLE", fields: [] });
  expect(await zonesNamed(...rows.map(({ name }) => name))).toEqual([]);
  const before = server.directory.calls;
  expect((await imported(server.admin, [rows])).created).toBe(3);
  expect(server.directory.calls - before).toBe(1);
});

test("two imports of one list at once make each zone once", async () => {
  const rows = Array.from({ length: 200 }, () => row());
  const reports = await Promise.all([imported(server.admin, [rows]), imported(server.admin, [rows.toReversed()])]);
  expect(reports.map(({ created }) => created).reduce((one, other) => one + other)).toBe(200);
  expect(reports.map(({ unchanged }) => unchanged).reduce((one, other) => one + other)).toBe(200);
});

test("two imports that change the same zones in another order both come to an end", async () => {
  const rows = Array.from({ length: 200 }, () => row());
  await imported(server.admin, [rows]);
  const reports = await Promise.all(
    [1, 2, 3, 4].map((radiusMeters) => {
      const changed = rows.map((zone) => ({ ...zone, radiusMeters }));
      return imported(server.admin, [radiusMeters % 2 ? changed : changed.toReversed()]);
    }),
  );
  expect(reports.map(({ updated }) => updated)).toEqual([200, 200, 200, 200]);
});

test("what came before a stream broke off is kept, and a second request_id is refused", async () => {
  const [first, second] = [row(), row()];
  const call = server.admin.zones.importZones(
    (async function* () {
      yield { requestId: randomUUIDv7(), rows: [first] };
      yield { requestId: randomUUIDv7(), rows: [second] };
    })(),
  );
  expect(await refusalOf(call)).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["request_id"] });
  expect((await zonesNamed(first.name, second.name)).map(({ name }) => name)).toEqual([first.name]);
});
