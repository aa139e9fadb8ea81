import { EARTH_RADIUS_METERS } from "./geo.ts";
import type { Point } from "./point.ts";

/** West, south, east, north, in degrees. */
export type Bounds = [west: number, south: number, east: number, north: number];

/**
 * A box around a circle, a meter wider than it, as `circle_bounds` of the database makes it: over the antimeridian it
 * reaches beyond 180 degrees; over a pole it goes all the way round.
 */
export function circleBounds({ latitude, longitude }: Point, radiusMeters: number): Bounds {
  const height = degrees((radiusMeters + 1) / EARTH_RADIUS_METERS);
  const width =
    Math.abs(latitude) + height >= 90
      ? 180
      : degrees(Math.asin(Math.min(1, Math.sin(radians(height)) / Math.cos(radians(latitude)))));
  return [longitude - width, latitude - height, longitude + width, latitude + height];
}

function degrees(angle: number): number {
  return (angle * 180) / Math.PI;
}

function radians(angle: number): number {
  return (angle * Math.PI) / 180;
}
