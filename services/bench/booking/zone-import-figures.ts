import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { timedImport } from "../timed-import.ts";
import type { BookingMesh } from "./mesh.ts";

const PLACES = [
  { timeZone: "Europe/Berlin", countryCode: "DE", regionCode: "DE-BE" },
  { timeZone: "Europe/Prague", countryCode: "CZ", regionCode: "" },
  { timeZone: "America/New_York", countryCode: "US", regionCode: "US-NY" },
  { timeZone: "Asia/Kolkata", countryCode: "IN", regionCode: "" },
  { timeZone: "Australia/Sydney", countryCode: "AU", regionCode: "AU-NSW" },
];

/** `npm run import` with a long table of zones, and with the same table again. */
export async function* zoneImportFigures(mesh: BookingMesh, rows: number): AsyncGenerator<Figure> {
  const database = await mesh.database("imported_zones");
  const gatewayUrl = await mesh.gateway(await mesh.serve(database));
  const path = join(tmpdir(), `cadre-bench-zones-${process.pid}.csv`);
  try {
    await writeZones(path, rows);
    const run = { path, gatewayUrl, token: mesh.adminToken };
    yield await timedImport({
      ...run,
      figure: "import-zones",
      told: `zones: ${rows} created, 0 updated, 0 unchanged, 0 refused`,
    });
    yield await timedImport({
      ...run,
      figure: "import-zones-again",
      told: `zones: 0 created, 0 updated, ${rows} unchanged, 0 refused`,
    });
  } finally {
    await rm(path, { force: true });
  }
}

async function writeZones(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  file.write("franchise,name,latitude,longitude,radius_km,time_zone,country_code,region_code\n");
  for (let number = 0; number < count; number += 1) {
    if (!file.write(row(number))) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
}

function row(number: number): string {
  const latitude = (((number * 37) % 120_000) / 1000 - 60).toFixed(3);
  const longitude = (((number * 61) % 340_000) / 1000 - 170).toFixed(3);
  const { timeZone = "", countryCode = "", regionCode = "" } = PLACES[number % PLACES.length] ?? {};
  const cells = [
    "",
    `Zone Number ${number}`,
    latitude,
    longitude,
    2 + (number % 30),
    timeZone,
    countryCode,
    regionCode,
  ];
  return `${cells.join(",")}\n`;
}
