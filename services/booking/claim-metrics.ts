import { metrics } from "@opentelemetry/api";
import type { ClaimCache } from "./claim-cache.ts";

/** Publishes what the cache of claims counts. */
export function publishClaimMetrics(claims: ClaimCache): void {
  const meter = metrics.getMeter("cadre");
  const trainers = meter.createObservableCounter("cadre.claim_cache.trainers", {
    description: "Trainers whose availability was asked for: their claims in memory, changed since, or not in memory",
  });
  const size = meter.createObservableGauge("cadre.claim_cache.size", { unit: "By" });
  meter.addBatchObservableCallback(
    (result) => {
      for (const [known, count] of Object.entries(claims.counts())) result.observe(trainers, count, { result: known });
      result.observe(size, claims.size());
    },
    [trainers, size],
  );
}
