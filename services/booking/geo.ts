import type { Point } from "./point.ts";

/** The earth's mean radius, IUGG. */
export const EARTH_RADIUS_METERS = 6_371_008.8;

/**
 * Along the great circle, by the haversine formula, to the millimetre: the same as `great_circle_meters` of the
 * databases.
 */
export function distanceMeters(from: Point, to: Point): number {
  const half = (degrees: number): number => Math.sin((degrees * Math.PI) / 360) ** 2;
  const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);
  const square =
    half(to.latitude - from.latitude) +
    cosine(from.latitude) * cosine(to.latitude) * half(to.longitude - from.longitude);
  return Math.round(2 * EARTH_RADIUS_METERS * Math.asin(Math.min(1, Math.sqrt(square))) * 1000) / 1000;
}
