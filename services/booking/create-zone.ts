import {
  type CreateZoneRequest,
  type CreateZoneResponse,
  ZoneService,
} from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { lineViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { franchiseRefusal } from "./franchise-refusal.ts";
import { mayActFor, operatorOf, visibleTo } from "./operator.ts";
import { regionViolations, type Zone, zoneFault, zoneToProto } from "./zone.ts";
import { insertZone } from "./zone-queries.ts";

export async function createZone(
  { db, now, newId, franchises, zones }: CatalogueDeps,
  request: CreateZoneRequest,
  caller: Caller,
): Promise<CreateZoneResponse> {
  const { franchiseId, name, requestId } = request;
  mayActFor(visibleTo(caller), operatorOf(franchiseId));
  const facts = checked(request);
  const refusal = franchiseId === undefined ? null : await franchiseRefusal(franchises, franchiseId);

  const at = now();
  const answer = await once(db, { method: ZoneService.method.createZone, caller, request, now: at }, async (tx) => {
    // Only here, where a repeat of what was answered already does not come: its answer stays what it was.
    if (refusal) throw refusal;
    const zone = await insertZone(tx, { ...facts, zoneId: newId(), createTime: at }).catch((error: unknown) => {
      throw zoneFault(error, name);
    });
    await writeAudit(tx, {
      caller,
      action: "CreateZone",
      entity: "zone",
      entityId: zone.zoneId,
      operatorId: zone.operatorId,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      now: at,
    });
    return { zone: zoneToProto(zone) };
  });
  zones.changed();
  return answer;
}

function checked(request: CreateZoneRequest): Omit<Zone, "zoneId" | "operatorId" | "version" | "createTime"> {
  const { franchiseId = null, name, centre, radiusMeters, countryCode, regionCode } = request;
  const timeZone = timeZoneName(request.timeZone);
  const violations = [
    ...lineViolations("name", name),
    ...(centre ? [] : [{ path: "centre", message: "is required" }]),
    ...(timeZone ? [] : [{ path: "time_zone", message: "is not the IANA name of a time zone" }]),
    ...regionViolations({ countryCode, regionCode }),
  ];
  if (!timeZone || !centre || violations.length > 0) throw invalidFields(violations);
  return { franchiseId, name, centre, radiusMeters, timeZone, countryCode, regionCode };
}
