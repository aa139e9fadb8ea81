import type { RefusedRow } from "../runtime/row-import.ts";
import type { TableReport } from "./table-import.ts";

/** "line 17: time_zone: is not the IANA name of a time zone". */
export function reportLine({ line, faults }: RefusedRow): string {
  return `line ${line}: ${faults.map(faultText).join("; ")}`;
}

export function summary({ created, updated, unchanged, refused }: TableReport, durationMs: number): string {
  const seconds = (durationMs / 1000).toFixed(1);
  return `${created} created, ${updated} updated, ${unchanged} unchanged, ${refused.length} refused, in ${seconds} s`;
}

/** The reason is worth its room where it says more than that the field is wrong. */
function faultText({ field, reason, message }: RefusedRow["faults"][number]): string {
  return `${field}: ${message}${reason === "INVALID_FIELD" ? "" : ` (${reason})`}`;
}
