import { metrics } from "@opentelemetry/api";
import type { ZoneDirectory } from "./zone-directory.ts";

/** Publishes what the directory of zones counts. */
export function publishZoneMetrics(zones: ZoneDirectory): void {
  const meter = metrics.getMeter("cadre");
  const located = meter.createObservableCounter("cadre.zone_directory.locates", {
    description: "Points whose zone was looked up: in memory, or not, because the zones were not known just then",
  });
  const known = meter.createObservableGauge("cadre.zone_directory.zones");
  const changes = meter.createObservableGauge("cadre.zone_directory.changes", {
    description: "Zones that have changed since the index was made",
  });
  meter.addBatchObservableCallback(
    (result) => {
      const counts = zones.metrics();
      result.observe(located, counts.advised, { result: "advised" });
      result.observe(located, counts.unknown, { result: "unknown" });
      result.observe(known, counts.zones);
      result.observe(changes, counts.changes);
    },
    [located, known, changes],
  );
}
