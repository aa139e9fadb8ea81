import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { invalidFields } from "../runtime/errors.ts";
import { pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { createZone } from "./create-zone.ts";
import { importZones } from "./import-zones.ts";
import { mayActFor, visibleTo } from "./operator.ts";
import { updateZone } from "./update-zone.ts";
import { mayKnow, noZoneCovers, zoneMissing, zoneToProto } from "./zone.ts";
import { findZone, listZones, locateZone } from "./zone-queries.ts";

export function zoneHandlers(deps: CatalogueDeps): ServiceImpl<typeof ZoneService> {
  const { db } = deps;
  return {
    createZone(request, context) {
      return createZone(deps, request, callerOf(context));
    },

    async getZone({ zoneId }, context) {
      const zone = await findZone(db, zoneId, visibleTo(callerOf(context)));
      if (!zone) throw zoneMissing(zoneId);
      return { zone: zoneToProto(zone) };
    },

    updateZone(request, context) {
      return updateZone(deps, request, callerOf(context));
    },

    async listZones({ operatorId, ...request }, context) {
      const visible = visibleTo(callerOf(context));
      if (operatorId !== undefined) mayActFor(visible, operatorId);
      const size = pageSize(request.pageSize);
      const after = readPageToken(request.pageToken, z.guid());
      const found = await listZones(db, { visible, operatorId }, { after, limit: size + 1 });
      const page = pageOf(found, size, ({ zoneId }) => zoneId);
      return { zones: page.rows.map(zoneToProto), nextPageToken: page.nextPageToken };
    },

    async importZones(requests, context) {
      return { report: await importZones(deps, requests, callerOf(context)) };
    },

    async locateZone({ point }, context) {
      if (!point) throw invalidFields([{ path: "point", message: "is required" }]);
      const advice = deps.zones.locate(point);
      const found = advice ? advice.located : await locateZone(db, point);
      const located = found && mayKnow(found.zone, visibleTo(callerOf(context))) ? found : null;
      if (!located) throw noZoneCovers(point);
      return { zone: zoneToProto(located.zone), distanceMeters: located.distanceMeters };
    },
  };
}
