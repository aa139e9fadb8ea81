import { z } from "zod";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Point } from "./point.ts";
import type { Zone } from "./zone.ts";

export interface LocatedZone {
  zone: Zone;
  /** From the zone's centre. */
  distanceMeters: number;
}

export const zoneRow = z.object({
  zoneId: z.string(),
  operatorId: z.string(),
  franchiseId: z.string().nullable(),
  name: z.string(),
  centre: z.object({ latitude: z.number(), longitude: z.number() }),
  radiusMeters: z.number(),
  timeZone: z.string(),
  countryCode: z.string(),
  regionCode: z.string(),
  version: z.number(),
  createTime: instant,
});

const locatedRow = zoneRow.extend({ distanceMeters: z.number() });

export const zoneColumns = sql.fragment`
  z.zone_id as "zoneId", z.operator_id as "operatorId", z.franchise_id as "franchiseId", z.name,
  jsonb_build_object('latitude', z.latitude, 'longitude', z.longitude) as centre, z.radius_meters as "radiusMeters",
  z.time_zone as "timeZone", z.country_code as "countryCode", z.region_code as "regionCode",
  z.version, z.create_time as "createTime"
`;

/** A taken name shows as a violation of zone_name_of_company or zone_name_of_franchise. */
export function insertZone(tx: Transaction, zone: Omit<Zone, "operatorId" | "version">): Promise<Zone> {
  const { centre } = zone;
  return tx.one(sql.type(zoneRow)`
    insert into zone as z (
      zone_id, franchise_id, name, latitude, longitude, radius_meters,
      time_zone, country_code, region_code, create_time
    ) values (
      ${zone.zoneId}, ${zone.franchiseId}, ${zone.name}, ${centre.latitude}, ${centre.longitude}, ${zone.radiusMeters},
      ${zone.timeZone}, ${zone.countryCode}, ${zone.regionCode}, ${zone.createTime.toString()}::timestamptz
    )
    returning ${zoneColumns}
  `);
}

/** What an update may change; what it leaves out stays. */
export type ZoneFacts = Partial<
  Pick<Zone, "name" | "centre" | "radiusMeters" | "timeZone" | "countryCode" | "regionCode">
>;

/** Null when there is no such zone. A taken name shows as for `insertZone`. */
export function updateZoneFacts(
  tx: Transaction,
  zoneId: string,
  visible: Visible,
  facts: ZoneFacts,
): Promise<Zone | null> {
  const { name = null, centre, radiusMeters = null, timeZone = null, countryCode = null, regionCode = null } = facts;
  return tx.maybeOne(sql.type(zoneRow)`
    update zone z set
      name = coalesce(${name}, z.name),
      latitude = coalesce(${centre?.latitude ?? null}, z.latitude),
      longitude = coalesce(${centre?.longitude ?? null}, z.longitude),
      radius_meters = coalesce(${radiusMeters}, z.radius_meters),
      time_zone = coalesce(${timeZone}, z.time_zone),
      country_code = coalesce(${countryCode}, z.country_code),
      region_code = coalesce(${regionCode}, z.region_code),
      version = z.version + 1
    where z.zone_id = ${zoneId} and ${visibleZones(visible)}
    returning ${zoneColumns}
  `);
}

export function findZone(db: Queryable, zoneId: string, visible: Visible): Promise<Zone | null> {
  return db.maybeOne(sql.type(zoneRow)`
    select ${zoneColumns} from zone z where z.zone_id = ${zoneId} and ${visibleZones(visible)}
  `);
}

/** The zone that serves a point, whoever runs it. */
export async function locateZone(db: Queryable, point: Point): Promise<LocatedZone | null> {
  const located = await db.maybeOne(sql.type(locatedRow)`
    select ${zoneColumns}, z.distance_meters as "distanceMeters"
    from locate_zone(${point.latitude}, ${point.longitude}) z
  `);
  if (!located) return null;
  const { distanceMeters, ...zone } = located;
  return { zone, distanceMeters };
}

export function listZones(
  db: Database,
  { visible, operatorId }: { visible: Visible; operatorId: string | undefined },
  { after, limit }: { after: string | null; limit: number },
): Promise<readonly Zone[]> {
  const all = sql.fragment`true`;
  return db.any(sql.type(zoneRow)`
    select ${zoneColumns} from zone z
    where ${visibleZones(visible)}
      and ${operatorId === undefined ? all : sql.fragment`z.operator_id = ${operatorId}::uuid`}
      and ${after === null ? all : sql.fragment`z.zone_id > ${after}::uuid`}
    order by z.zone_id
    limit ${limit}
  `);
}

/** As `mayKnow`. */
function visibleZones(visible: Visible) {
  if (visible.of === "operator") return sql.fragment`z.operator_id = ${visible.operatorId}::uuid`;
  return visible.of === "nobody" ? sql.fragment`false` : sql.fragment`true`;
}
