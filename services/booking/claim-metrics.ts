import { metrics } from "@opentelemetry/api";
import type { ClaimCache } from "./claim-cache.ts";

/** Publishes what the cache of claims counts. */
export function publishClaimMetrics(claims: ClaimCache): void {
  const meter = metrics.getMeter("cadre");
  const trainers = meter.createObservableCounter("cadre.claim_cache.trainers", {
    description: "Trainers whose availability was asked for: their claims in memory, or to be read",
  });
  const size = meter.createObservableGauge("cadre.claim_cache.claims");
  meter.addBatchObservableCallback(
    (result) => {
      result.observe(trainers, claims.counts.known, { result: "known" });
      result.observe(trainers, claims.counts.read, { result: "read" });
      result.observe(size, claims.size());
    },
    [trainers, size],
  );
}
