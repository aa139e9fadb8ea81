import { metrics } from "@opentelemetry/api";
import type { ClaimCache } from "./claim-cache.ts";

/** Publishes what the cache of claims counts. */
export function publishClaimMetrics(claims: ClaimCache): void {
  const meter = metrics.getMeter("cadre");
  const trainers = meter.createObservableCounter("cadre.claim_cache.trainers", {
    description: "Trainers whose availability was asked for: their claims in memory, changed since, or not in memory",
  });
  const outdated = meter.createObservableCounter("cadre.claim_cache.outdated", {
    description: "How often it was asked once more, since what was in memory was outdated",
  });
  const size = meter.createObservableGauge("cadre.claim_cache.size", { unit: "By" });
  meter.addBatchObservableCallback(
    (result) => {
      const counts = claims.counts();
      for (const known of ["known", "changed", "unknown"] as const) {
        result.observe(trainers, counts[known], { result: known });
      }
      result.observe(outdated, counts.outdated);
      result.observe(size, claims.size());
    },
    [trainers, outdated, size],
  );
}
