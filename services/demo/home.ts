import { type Place, placeWithin } from "./geo.ts";
import { timeZoneAt } from "./places.ts";
import type { Random } from "./random.ts";
import type { DemoZone } from "./zones.ts";

const TRIES = 20;

/** Somewhere in the zone; on land, as far as the map of time zones knows, and not across the border of one. */
export function homeIn(zone: DemoZone, random: Random): Place {
  for (let tries = 0; tries < TRIES; tries++) {
    const place = placeWithin(zone.centre, zone.radiusMeters * 0.98, random);
    if (timeZoneAt(place) === zone.timeZone) return place;
  }
  return zone.centre;
}
