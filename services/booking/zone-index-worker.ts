import { parentPort, workerData } from "node:worker_threads";
import Flatbush from "flatbush";
import { circleBounds } from "./circle-bounds.ts";
import type { Circles } from "./zone-snapshot.ts";

/** Half a second for a million zones, in which the service goes on answering. */
const circles: Circles = workerData;
const index = new Flatbush(circles.latitude.length);
circles.latitude.forEach((latitude, at) => {
  const centre = { latitude, longitude: circles.longitude[at] ?? 0 };
  index.add(...circleBounds(centre, circles.radiusMeters[at] ?? 0));
});
index.finish();
parentPort?.postMessage(index.data, [index.data as ArrayBuffer]);
