import { randomUUIDv7 } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { type CatalogueServer, startCatalogueServer } from "../booking/testing/catalogue-server.ts";
import { startTestServer, type TestServer } from "../runtime/testing/server.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { readHeader, readRows } from "./csv.ts";
import { kindOf } from "./kinds.ts";
import { reportLine } from "./report.ts";
import type { TableReport } from "./table-import.ts";

const HEADER = "franchise;name;latitude;longitude;radius_km;time_zone;country_code;region_code";

let folder: string;
let booking: CatalogueServer;
let franchiseId: string;
let mesh: TestServer;

/** The calls of the real booking service and one franchise's name behind one address, as the gateway has it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "import-"));
  booking = await startCatalogueServer();
  franchiseId = booking.givenFranchise();
  mesh = await startTestServer({
    services: [
      standIn(ZoneService, { importZones: (requests) => booking.admin.zones.importZones(requests) }),
      standIn(FranchiseService, {
        listFranchises: () => ({ franchises: [{ franchiseId, name: "Schwimmschule Süd" }] }),
      }),
    ],
  });
});

afterAll(async () => {
  await mesh?.close();
  await booking?.close();
  await rm(folder, { recursive: true });
});

test("a table of zones is taken in, its bad rows are told by line, and a second run changes nothing", async () => {
  const path = join(folder, "zones.csv");
  const rows = [
    ";Praha;50,0755;14,4378;12,5;Europe/Prague;CZ;",
    "schwimmschule süd;München;48.137;11.575;17;Europe/Berlin;DE;DE-BY",
    "Nobody;Bonn;fifty;7.1;;Europe/Berlin;DE;",
    ";Nowhere;95;7.1;600;Mars/Base;DE;AT-9",
    ";Praha;50;14;1;Europe/Prague;CZ;",
  ];
  await writeFile(path, [HEADER, ...rows, ""].join("\n"));
  const report = await importFile(path);
  expect(report).toMatchObject({ created: 2, updated: 0, unchanged: 0 });
  expect(report.refused.map(reportLine)).toEqual([
    'line 4: franchise: there is no franchise "Nobody"; latitude: "fifty" is not a number; radius_km: is empty',
    "line 5: latitude: must be greater than or equal to -90 and less than or equal to 90; radius_km: must be greater than or equal to 0.001 and less than or equal to 500; time_zone: is not the IANA name of a time zone; region_code: is not a region of DE",
    "line 6: name: is the same as in line 2 (DUPLICATE_ROW)",
  ]);

  const listed = await booking.admin.zones.listZones({});
  expect(listed.zones.find(({ name }) => name === "München")).toMatchObject({ franchiseId, radiusMeters: 17_000 });
  expect(listed.zones.find(({ name }) => name === "Praha")).toMatchObject({ radiusMeters: 12_500, etag: "1" });
  expect(await importFile(path)).toMatchObject({ created: 0, updated: 0, unchanged: 2 });
  expect((await booking.admin.zones.listZones({})).zones).toEqual(listed.zones);
});

test("a table that lacks a column is told which one", () => {
  const header = HEADER.split(";").filter((column) => column !== "radius_km" && column !== "region_code");
  expect(() => kindOf(header)).toThrow("A table of zones also needs: radius_km.");
});

async function importFile(path: string): Promise<TableReport> {
  const report: TableReport = { created: 0, updated: 0, unchanged: 0, refused: [] };
  const kind = kindOf(await readHeader(path));
  const transport = mesh.transportAs(Role.ADMIN);
  const requestId = randomUUIDv7();
  await kind.run({ table: readRows(path), transport, call: {}, requestId, report, onProgress: () => undefined });
  return report;
}
