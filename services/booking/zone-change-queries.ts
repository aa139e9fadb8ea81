import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import type { Zone } from "./zone.ts";
import type { ZonePage } from "./zone-columns.ts";

/** More at once than this are not told one by one. */
const TOLD_AT_ONCE = 5000;
const PAGE_SIZE = 5000;

const changedZone = z.object({
  zoneId: z.string(),
  /** Null when the zone is gone. */
  zone: z
    .object({
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
      createTime: z.string().transform((text) => Temporal.Instant.from(text)),
    })
    .nullable(),
});

const changesRow = z.object({ version: z.number(), changes: z.array(changedZone).nullable() });

export interface ZoneChanges {
  /** What the zones are at. */
  version: number;
  /** Since the version that was asked about. Null when they are too many, or forgotten. */
  changes: { zoneId: string; zone: Zone | null }[] | null;
}

/** One statement, so that the changes are those of the version and none is missing. */
export function zoneChangesSince(db: Database, known: number): Promise<ZoneChanges> {
  return db.one(sql.type(changesRow)`
    select
      v.version,
      case
        when v.version = ${known} then '[]'::jsonb
        when v.version < ${known} or ${known} < v.version - 10000 then null
        when (select count(*) from zone_change c where c.version > ${known}) > ${TOLD_AT_ONCE} then null
        else (
          select coalesce(jsonb_agg(jsonb_build_object('zoneId', changed.zone_id, 'zone',
            case when z.zone_id is not null then jsonb_build_object(
              'zoneId', z.zone_id, 'operatorId', z.operator_id, 'franchiseId', z.franchise_id, 'name', z.name,
              'centre', jsonb_build_object('latitude', z.latitude, 'longitude', z.longitude),
              'radiusMeters', z.radius_meters, 'timeZone', z.time_zone, 'countryCode', z.country_code,
              'regionCode', z.region_code, 'version', z.version, 'createTime', z.create_time
            ) end
          )), '[]')
          from (select distinct c.zone_id from zone_change c where c.version > ${known}) changed
          left join zone z on z.zone_id = changed.zone_id
        )
      end as changes
    from zone_version v
  `);
}

const strings = z.array(z.string());
const numbers = z.array(z.number());
const pageRow = z.object({
  page: z.object({
    zoneId: strings,
    operatorId: strings,
    name: strings,
    latitude: numbers,
    longitude: numbers,
    radiusMeters: numbers,
    timeZone: strings,
    countryCode: strings,
    regionCode: strings,
    version: numbers,
    createTime: numbers,
  }),
});

/** The zones after an id, by id. Empty arrays on the last page. */
export async function zonePageAfter(db: Database, zoneId: string): Promise<ZonePage> {
  const column = (expression: ReturnType<typeof sql.fragment>) =>
    sql.fragment`coalesce(json_agg(${expression} order by zone_id), '[]')`;
  const { page } = await db.one(sql.type(pageRow)`
    select json_build_object(
      'zoneId', ${column(sql.fragment`zone_id`)},
      'operatorId', ${column(sql.fragment`operator_id`)},
      'name', ${column(sql.fragment`name`)},
      'latitude', ${column(sql.fragment`latitude`)},
      'longitude', ${column(sql.fragment`longitude`)},
      'radiusMeters', ${column(sql.fragment`radius_meters`)},
      'timeZone', ${column(sql.fragment`time_zone`)},
      'countryCode', ${column(sql.fragment`country_code`)},
      'regionCode', ${column(sql.fragment`region_code`)},
      'version', ${column(sql.fragment`version`)},
      'createTime', ${column(sql.fragment`(extract(epoch from create_time) * 1000000)::bigint`)}
    ) as page
    from (select * from zone where zone_id > ${zoneId}::uuid order by zone_id limit ${PAGE_SIZE}) z
  `);
  return page;
}
