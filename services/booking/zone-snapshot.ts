import { once } from "node:events";
import { Worker } from "node:worker_threads";
import Flatbush from "flatbush";
import { distanceMeters } from "./geo.ts";
import type { Point } from "./point.ts";
import type { Zone } from "./zone.ts";
import type { ZoneColumns } from "./zone-columns.ts";
import type { LocatedZone } from "./zone-queries.ts";

/** All zones as they were at one moment, and which of them serves a point. */
export interface ZoneSnapshot {
  readonly size: number;
  /** What changed since then stands over what was: null for a zone that is gone. */
  locate(point: Point, changed: ReadonlyMap<string, Zone | null>): LocatedZone | null;
}

/** What the index is made of. */
export interface Circles {
  latitude: Float64Array<ArrayBuffer>;
  longitude: Float64Array<ArrayBuffer>;
  radiusMeters: Int32Array<ArrayBuffer>;
}

/** Better than the one before: nearer, then smaller, then of the smaller id. */
interface Best {
  meters: number;
  radiusMeters: number;
  zoneId: () => string;
  zone: () => Zone;
}

/** Indexes the zones in a thread of its own. */
export async function indexZones(zones: ZoneColumns): Promise<ZoneSnapshot> {
  const index = zones.size === 0 ? null : await indexOf(zones);
  return {
    size: zones.size,
    locate(point, changed) {
      let best: Best | null = null;
      for (const at of index ? candidates(index, point) : []) {
        const centre = { latitude: zones.latitude[at] ?? 0, longitude: zones.longitude[at] ?? 0 };
        const radiusMeters = zones.radiusMeters[at] ?? 0;
        const meters = distanceMeters(centre, point);
        if (meters > radiusMeters || (changed.size > 0 && changed.has(zones.zoneIdAt(at)))) continue;
        best = better(best, { meters, radiusMeters, zoneId: () => zones.zoneIdAt(at), zone: () => zones.zoneAt(at) });
      }
      for (const zone of changed.values()) {
        if (!zone) continue;
        const meters = distanceMeters(zone.centre, point);
        if (meters > zone.radiusMeters) continue;
        best = better(best, { ...zone, meters, zoneId: () => zone.zoneId, zone: () => zone });
      }
      return best && { zone: best.zone(), distanceMeters: best.meters };
    },
  };
}

/**
 * Zones whose box holds the point. A point has a second longitude, a whole turn away on the far side, under which the
 * boxes that cross the antimeridian hold it.
 */
function candidates(index: Flatbush, { latitude, longitude }: Point): number[] {
  const found = index.search(longitude, latitude, longitude, latitude);
  const far = longitude > 0 ? longitude - 360 : longitude + 360;
  if (far < index.minX || far > index.maxX) return found;
  const crossing = index.search(far, latitude, far, latitude);
  // A box that goes all the way round holds both.
  return crossing.length === 0 ? found : [...new Set([...found, ...crossing])];
}

function better(best: Best | null, next: Best): Best {
  if (!best) return next;
  const order = next.meters - best.meters || next.radiusMeters - best.radiusMeters;
  return order < 0 || (order === 0 && next.zoneId() < best.zoneId()) ? next : best;
}

async function indexOf({ size, latitude, longitude, radiusMeters }: ZoneColumns): Promise<Flatbush> {
  const circles: Circles = {
    latitude: latitude.slice(0, size),
    longitude: longitude.slice(0, size),
    radiusMeters: radiusMeters.slice(0, size),
  };
  const worker = new Worker(new URL("./zone-index-worker.ts", import.meta.url), {
    workerData: circles,
    transferList: Object.values(circles).map(({ buffer }) => buffer),
  });
  worker.unref();
  const [data]: ArrayBuffer[] = await once(worker, "message");
  if (!data) throw new Error("the index of the zones is empty");
  return Flatbush.from(data);
}
