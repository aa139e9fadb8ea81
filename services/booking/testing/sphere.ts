import type { Point } from "../point.ts";

const EARTH_RADIUS_METERS = 6_371_008.8;

type Vector = readonly [number, number, number];

/** By vectors, another formula than the one under test; to the millimetre. */
export function greatCircleMeters(one: Point, other: Point): number {
  const [a, b] = [vector(one), vector(other)];
  const cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  return Math.round(EARTH_RADIUS_METERS * 1000 * Math.atan2(Math.hypot(...cross), dot)) / 1000;
}

/** Where one gets from a place, so far in that direction. */
export function travel(from: Point, bearingDegrees: number, meters: number): Point {
  const [phi, bearing, angle] = [radians(from.latitude), radians(bearingDegrees), meters / EARTH_RADIUS_METERS];
  const sine = Math.sin(phi) * Math.cos(angle) + Math.cos(phi) * Math.sin(angle) * Math.cos(bearing);
  const turn = Math.atan2(
    Math.sin(bearing) * Math.sin(angle) * Math.cos(phi),
    Math.cos(angle) - Math.sin(phi) * Math.min(1, Math.max(-1, sine)),
  );
  const longitude = from.longitude + (turn * 180) / Math.PI;
  return {
    latitude: (Math.asin(Math.min(1, Math.max(-1, sine))) * 180) / Math.PI,
    longitude: longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude,
  };
}

function vector({ latitude, longitude }: Point): Vector {
  const [phi, lambda] = [radians(latitude), radians(longitude)];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
