import type { Random } from "./random.ts";

/** WGS 84, in degrees. */
export interface Place {
  latitude: number;
  longitude: number;
}

const EARTH_RADIUS_METERS = 6_371_008.8;
const METERS_PER_DEGREE = (EARTH_RADIUS_METERS * Math.PI) / 180;

/** Along the great circle. */
export function distanceMeters(a: Place, b: Place): number {
  const latitudes = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2;
  const longitudes = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const chord = latitudes + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * longitudes;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.min(1, Math.sqrt(chord)));
}

/** Somewhere in the circle, every spot as likely as any other. Good for circles that touch no pole and no date line. */
export function placeWithin(centre: Place, radiusMeters: number, random: Random): Place {
  const distance = radiusMeters * Math.sqrt(random.fraction());
  const bearing = 2 * Math.PI * random.fraction();
  const northMeters = distance * Math.cos(bearing);
  const eastMeters = distance * Math.sin(bearing);
  return {
    latitude: rounded(centre.latitude + northMeters / METERS_PER_DEGREE),
    longitude: rounded(centre.longitude + eastMeters / (METERS_PER_DEGREE * Math.cos(radians(centre.latitude)))),
  };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

/** To about a metre. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5;
}
