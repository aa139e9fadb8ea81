import { distanceMeters, type Place } from "./geo.ts";
import type { Market } from "./markets.ts";
import { findTown, timeZoneAt, townsAround } from "./places.ts";
import type { Random } from "./random.ts";
import { requestIdOf } from "./request-id.ts";

export interface DemoZone {
  requestId: string;
  market: Market;
  /** The franchise's name, null for the company. */
  franchise: string | null;
  name: string;
  centre: Place;
  radiusMeters: number;
  timeZone: string;
  countryCode: string;
  regionCode: string;
}

const SPACING_METERS = 7_000;
const MIN_RADIUS_METERS = 5_000;
const MAX_RADIUS_METERS = 40_000;

/** An operator's zones in one market: the hub and the towns around it, some of them overlapping. */
export function zonesOf(
  market: Market,
  franchise: string | null,
  count: number,
  random: Random,
  seed: number,
): DemoZone[] {
  const towns = townsAround(findTown(market.country, market.hub), count, SPACING_METERS);
  return towns.map((town) => {
    const distances = towns.filter((other) => other !== town).map((other) => distanceMeters(town, other));
    const terms = {
      name: town.name,
      centre: { latitude: town.latitude, longitude: town.longitude },
      radiusMeters: radiusMeters(Math.min(...distances), random),
      timeZone: timeZoneAt(town),
      countryCode: town.country,
      regionCode: town.region,
    };
    return { requestId: requestIdOf(seed, "zone", franchise, terms), market, franchise, ...terms };
  });
}

/** From just apart to well into the next zone. */
function radiusMeters(nearestMeters: number, random: Random): number {
  const wished = nearestMeters * (0.45 + 0.5 * random.fraction());
  const rounded = Math.round(wished / 500) * 500;
  return Math.min(MAX_RADIUS_METERS, Math.max(MIN_RADIUS_METERS, rounded));
}
