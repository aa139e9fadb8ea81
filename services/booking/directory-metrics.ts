import { metrics } from "@opentelemetry/api";
import type { TrainerDirectory } from "./trainer-directory.ts";

/** Publishes what the directory counts: it counts itself, so that a cached read costs no more than adding one. */
export function publishDirectoryMetrics(directory: TrainerDirectory): void {
  const meter = metrics.getMeter("cadre");
  const reads = meter.createObservableCounter("cadre.trainer_directory.reads", {
    description: "Reads of one trainer: from the cache, stale from the cache, or by a call",
  });
  const dropped = meter.createObservableCounter("cadre.trainer_directory.dropped", {
    description: "Trainers that were forgotten because they changed",
  });
  const searches = meter.createObservableCounter("cadre.trainer_directory.searches", {
    description: "Searches, by what answered: the cache, the service, or the cache because the service did not",
  });
  const trainers = meter.createObservableGauge("cadre.trainer_directory.trainers");
  const age = meter.createObservableGauge("cadre.trainer_directory.age", {
    unit: "s",
    description: "Since when no change has been heard of, nor that there is none",
  });

  meter.addBatchObservableCallback(
    (result) => {
      const counts = directory.metrics();
      result.observe(reads, counts.hits, { result: "hit" });
      result.observe(reads, counts.stale, { result: "stale" });
      result.observe(reads, counts.misses, { result: "miss" });
      result.observe(dropped, counts.dropped);
      for (const [source, count] of Object.entries(counts.searches)) result.observe(searches, count, { source });
      result.observe(trainers, counts.trainers);
      if (Number.isFinite(counts.ageMs)) result.observe(age, counts.ageMs / 1000);
    },
    [reads, dropped, searches, trainers, age],
  );
}
