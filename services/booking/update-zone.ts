import {
  type UpdateZoneRequest,
  type UpdateZoneResponse,
  ZoneService,
} from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { type FieldViolation, invalidFields } from "../runtime/errors.ts";
import { maskViolations } from "../runtime/field-mask.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { lineViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { etagMatches } from "./etag.ts";
import { visibleTo } from "./operator.ts";
import { regionViolations, zoneFault, zoneMissing, zoneToProto } from "./zone.ts";
import { updateZoneFacts, type ZoneFacts } from "./zone-queries.ts";

const FIELDS: ReadonlySet<string> = new Set([
  "name",
  "centre",
  "radius_meters",
  "time_zone",
  "country_code",
  "region_code",
]);

export async function updateZone(
  { db, now, zones }: Pick<CatalogueDeps, "db" | "now" | "zones">,
  request: UpdateZoneRequest,
  caller: Caller,
): Promise<UpdateZoneResponse> {
  const { zoneId, etag, name, requestId, updateMask } = request;
  const facts = checked(request);

  const at = now();
  const answer = await once(db, { method: ZoneService.method.updateZone, caller, request, now: at }, async (tx) => {
    const zone = await updateZoneFacts(tx, zoneId, visibleTo(caller), facts).catch((error: unknown) => {
      throw zoneFault(error, name);
    });
    if (!zone) throw zoneMissing(zoneId);
    etagMatches(etag, zone.version - 1);
    // Only now is it known which country and region the zone has, whichever of the two the mask names.
    const violations = regionViolations(zone);
    if (violations.length > 0) throw invalidFields(violations);

    await writeAudit(tx, {
      caller,
      action: "UpdateZone",
      entity: "zone",
      entityId: zone.zoneId,
      operatorId: zone.operatorId,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      detail: { version: zone.version, fields: updateMask?.paths ?? [], ...facts },
      now: at,
    });
    return { zone: zoneToProto(zone) };
  });
  zones.changed();
  return answer;
}

/** The facts that the mask names; the others stay out. */
function checked(request: UpdateZoneRequest): ZoneFacts {
  const { name, centre, radiusMeters, countryCode, regionCode, updateMask } = request;
  const named = new Set(updateMask?.paths);
  const timeZone = timeZoneName(request.timeZone);
  const faulty: Record<string, FieldViolation[]> = {
    name: name === "" ? [{ path: "name", message: "must not be empty" }] : lineViolations("name", name),
    centre: centre ? [] : [{ path: "centre", message: "is required" }],
    radius_meters: radiusMeters > 0 ? [] : [{ path: "radius_meters", message: "must be at least 1" }],
    time_zone: timeZone ? [] : [{ path: "time_zone", message: "is not the IANA name of a time zone" }],
    country_code: countryCode === "" ? [{ path: "country_code", message: "must not be empty" }] : [],
  };
  const violations = [
    ...maskViolations("update_mask", updateMask ?? { paths: [] }, FIELDS),
    ...[...named].flatMap((field) => faulty[field] ?? []),
  ];
  if (violations.length > 0) throw invalidFields(violations);
  return {
    ...(named.has("name") && { name }),
    ...(named.has("centre") && centre && { centre: { latitude: centre.latitude, longitude: centre.longitude } }),
    ...(named.has("radius_meters") && { radiusMeters }),
    ...(named.has("time_zone") && timeZone && { timeZone }),
    ...(named.has("country_code") && { countryCode }),
    ...(named.has("region_code") && { regionCode }),
  };
}
