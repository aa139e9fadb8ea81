import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ZoneSchema } from "../../gen/cadre/booking/v1/zone_pb.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { DomainError, type FieldViolation } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Visible } from "./operator.ts";
import type { Point } from "./point.ts";

export interface Zone {
  zoneId: string;
  operatorId: string;
  /** Null for a zone of the company itself. */
  franchiseId: string | null;
  name: string;
  centre: Point;
  radiusMeters: number;
  timeZone: string;
  countryCode: string;
  /** Empty where the whole country is one. */
  regionCode: string;
  version: number;
  createTime: Temporal.Instant;
}

const NAME_CONSTRAINTS: readonly unknown[] = ["zone_name_of_company", "zone_name_of_franchise"];

/** The refusal that a broken constraint stands for; every other error as it is. */
export function zoneFault(error: unknown, name: string): unknown {
  return NAME_CONSTRAINTS.includes(constraintOf(error)) ? zoneNameTaken(name) : error;
}

export function zoneNameTaken(name: string): DomainError {
  return new DomainError("already-exists", "ZONE_NAME_TAKEN", `Another zone of this operator is named "${name}".`);
}

/** A region is one of its country. */
export function regionViolations({
  countryCode,
  regionCode,
}: Pick<Zone, "countryCode" | "regionCode">): FieldViolation[] {
  if (regionCode === "" || regionCode.startsWith(`${countryCode}-`)) return [];
  return [{ path: "region_code", message: `is not a region of ${countryCode}` }];
}

/** Operators do not see each other's zones. Trainers and students may know where lessons are given. */
export function mayKnow({ operatorId }: Zone, visible: Visible): boolean {
  return visible.of === "operator" ? visible.operatorId === operatorId : visible.of !== "nobody";
}

export function zoneMissing(zoneId: string): DomainError {
  return new DomainError("not-found", "ZONE_NOT_FOUND", `There is no zone ${zoneId}.`, {
    metadata: { zone_id: zoneId },
  });
}

export function noZoneCovers({ latitude, longitude }: Point): DomainError {
  const message = `No zone covers the place at latitude ${latitude}, longitude ${longitude}.`;
  return new DomainError("precondition", "NO_ZONE_COVERS_LOCATION", message, {
    metadata: { latitude: String(latitude), longitude: String(longitude) },
  });
}

export function zoneToProto({ franchiseId, version, createTime, ...zone }: Zone): MessageInitShape<typeof ZoneSchema> {
  return {
    ...zone,
    ...(franchiseId === null ? {} : { franchiseId }),
    etag: String(version),
    createTime: timestampOf(createTime),
  };
}
