import { type ZoneRow, ZoneRowSchema } from "../../gen/cadre/booking/v1/zone_row_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import type { RowFault } from "../runtime/row-import.ts";
import { lineViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import { violationsOf } from "../runtime/validation.ts";
import { mayActFor, operatorOf, type Visible } from "./operator.ts";
import { regionViolations, type Zone } from "./zone.ts";

/** What a list says about a zone. */
export type ListedZone = Omit<Zone, "zoneId" | "version" | "createTime">;

/** What a row says, as far as can be told without asking anybody, or what is wrong with it. */
export function readZoneRow(row: ZoneRow, visible: Visible): ListedZone | RowFault[] {
  const { name, centre, radiusMeters, countryCode, regionCode } = row;
  const broken = violationsOf(ZoneRowSchema, row);
  const timeZone = timeZoneName(row.timeZone);
  const isBroken = (field: string): boolean => broken.some(({ path }) => path === field);
  const violations = [
    ...broken,
    ...lineViolations("name", name),
    ...(timeZone || isBroken("time_zone")
      ? []
      : [{ path: "time_zone", message: "is not the IANA name of a time zone" }]),
    ...(isBroken("country_code") || isBroken("region_code") ? [] : regionViolations(row)),
  ];
  const invalid = violations.map(({ path, message }) => ({ field: path, reason: "INVALID_FIELD", message }));
  const faults = [...invalid, ...operatorFaults(row, visible)];
  if (!timeZone || !centre || faults.length > 0) return faults;
  return {
    operatorId: operatorOf(row.franchiseId),
    franchiseId: row.franchiseId?.toLowerCase() ?? null,
    ...{ name, centre, radiusMeters, timeZone, countryCode, regionCode },
  };
}

/** Whether the list says what is known already. */
export function saysTheSame(listed: ListedZone, known: Zone): boolean {
  return (
    listed.centre.latitude === known.centre.latitude &&
    listed.centre.longitude === known.centre.longitude &&
    listed.radiusMeters === known.radiusMeters &&
    listed.timeZone === known.timeZone &&
    listed.countryCode === known.countryCode &&
    listed.regionCode === known.regionCode
  );
}

function operatorFaults({ franchiseId }: ZoneRow, visible: Visible): RowFault[] {
  try {
    mayActFor(visible, operatorOf(franchiseId));
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [{ field: "franchise_id", reason: error.reason, message: error.message }];
  }
}
