import { sql, type Transaction } from "../runtime/database.ts";
import type { Zone } from "./zone.ts";
import { zoneColumns, zoneRow } from "./zone-queries.ts";
import type { ListedZone } from "./zone-row.ts";

export type ListedWithId = ListedZone & Pick<Zone, "zoneId">;

/** Those of the listed zones that there are. */
export function readListed(tx: Transaction, listed: readonly ListedZone[]): Promise<readonly Zone[]> {
  return tx.any(sql.type(zoneRow)`
    select ${zoneColumns} from ${named(listed)} z
  `);
}

/** Locked in the order of their keys. What they hold is to be read by a later statement: this one may have waited. */
export async function lockListed(tx: Transaction, listed: readonly ListedZone[]): Promise<void> {
  await tx.query(sql.unsafe`
    select from zone z
    where (z.operator_id, z.zone_id) in (select operator_id, zone_id from ${named(listed)} listed)
    order by z.operator_id, z.name
    for no key update of z
  `);
}

/**
 * Adds those whose name is not known yet, and names them. In the order of their keys, as every import does it: of two that
 * add the same zone the second waits, and then finds it.
 */
export function insertListed(
  tx: Transaction,
  listed: readonly ListedWithId[],
  now: Temporal.Instant,
): Promise<readonly Zone[]> {
  const rows = listed.map((zone) => [zone.zoneId, zone.franchiseId, zone.name, ...factsOf(zone)]);
  return tx.any(sql.type(zoneRow)`
    insert into zone as z (
      zone_id, franchise_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time
    )
    select
      zone_id, franchise_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code,
      ${now.toString()}::timestamptz
    from ${sql.unnest(rows, ["uuid", "uuid", "text", ...FACT_TYPES])} as listed (
      zone_id, franchise_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code
    )
    order by franchise_id, name
    on conflict do nothing
    returning ${zoneColumns}
  `);
}

/** Writes what the list says over what was known; a new version each. */
export async function overwriteListed(tx: Transaction, listed: readonly ListedWithId[]): Promise<void> {
  const rows = listed.map((zone) => [zone.operatorId, zone.zoneId, ...factsOf(zone)]);
  await tx.query(sql.unsafe`
    update zone z set
      latitude = l.latitude, longitude = l.longitude, radius_meters = l.radius_meters, time_zone = l.time_zone,
      country_code = l.country_code, region_code = l.region_code, version = z.version + 1
    from ${sql.unnest(rows, ["uuid", "uuid", ...FACT_TYPES])} as l (
      operator_id, zone_id, latitude, longitude, radius_meters, time_zone, country_code, region_code
    )
    where z.operator_id = l.operator_id and z.zone_id = l.zone_id
  `);
}

const FACT_TYPES = ["float8", "float8", "int4", "text", "text", "text"] as const;

function factsOf({ centre, radiusMeters, timeZone, countryCode, regionCode }: ListedZone) {
  return [centre.latitude, centre.longitude, radiusMeters, timeZone, countryCode, regionCode];
}

/**
 * Each name is looked for in the two indexes, one for the company's zones and one for the franchises'. Not as a join: no
 * index has both kinds, and the planner would rather read all zones than look up five hundred.
 */
function named(listed: readonly ListedZone[]) {
  const rows = listed.map(({ operatorId, name }) => [operatorId, name]);
  return sql.fragment`(
    select found.* from ${sql.unnest(rows, ["uuid", "text"])} as listed (operator_id, name), lateral (
      select * from zone
      where zone.operator_id = listed.operator_id and zone.name = listed.name and zone.franchise_id is null
      union all
      select * from zone
      where zone.operator_id = listed.operator_id and zone.name = listed.name and zone.franchise_id is not null
      offset 0
    ) found
  )`;
}
