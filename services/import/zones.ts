import { type CallOptions, createClient, type Transport } from "@connectrpc/connect";
import { ZoneRowSchema } from "../../gen/cadre/booking/v1/zone_row_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import type { TableRow } from "./csv.ts";
import { namedFranchises } from "./franchises.ts";
import type { Named } from "./named.ts";
import type { RowCalls } from "./table-import.ts";
import { type Cell, franchiseCell, kilometresCell, numberCell } from "./trainer-cells.ts";

export const ZONE_COLUMNS = ["franchise", "name", "latitude", "longitude", "radius_km", "time_zone", "country_code"];

export async function zoneCalls(
  transport: Transport,
  call: CallOptions,
  requestId: string,
): Promise<RowCalls<typeof ZoneRowSchema>> {
  const zones = createClient(ZoneService, transport);
  const franchises = await namedFranchises(transport, call);
  return {
    schema: ZoneRowSchema,
    read: (row) => readZone(row, franchises),
    keyOf: ({ franchiseId, name }) => JSON.stringify([franchiseId, name]),
    keyColumn: "name",
    columnOf,
    async send(batches) {
      async function* requests() {
        for await (const rows of batches) yield { requestId, rows };
      }
      return (await zones.importZones(requests(), call)).report;
    },
  };
}

function readZone({ line, cells }: TableRow, franchises: Named) {
  const faults: { field: string; reason: string; message: string }[] = [];
  function cell<T>(column: string, read: (text: string) => Cell<T>): T | undefined {
    const result = read(cells[column] ?? "");
    if ("value" in result) return result.value;
    faults.push({ field: column, reason: "INVALID_FIELD", message: result.fault });
    return undefined;
  }
  const franchiseId = cell("franchise", (text) => franchiseCell(text, franchises));
  const latitude = cell("latitude", numberCell) ?? 0;
  const longitude = cell("longitude", numberCell) ?? 0;
  const row = {
    line,
    ...(franchiseId === undefined ? {} : { franchiseId }),
    name: cells.name ?? "",
    centre: { latitude, longitude },
    radiusMeters: cell("radius_km", kilometresCell) ?? 0,
    timeZone: cells.time_zone ?? "",
    countryCode: cells.country_code ?? "",
    regionCode: cells.region_code ?? "",
  };
  return faults.length > 0 ? faults : row;
}

function columnOf(field: string): string {
  if (field.startsWith("centre.")) return field.replace("centre.", "");
  if (field === "franchise_id") return "franchise";
  return field === "radius_meters" ? "radius_km" : field;
}
