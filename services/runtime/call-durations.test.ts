import { expect, test } from "@jest/globals";
import { durationMetric, durations } from "./call-durations.ts";

test("calls are counted by how long they took, for each set of attributes", async () => {
  const metric = durationMetric("rpc.test.duration");
  const [ok, failed] = [metric.series({ code: "OK" }), metric.series({ code: "ABORTED" })];
  for (const seconds of [0.001, 0.005, 0.006, 11]) ok.record(seconds);
  failed.record(0.3);

  const { resourceMetrics } = await durations.collect();
  const found = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  const [histogram] = found.filter(({ descriptor }) => descriptor.name === "rpc.test.duration");
  expect(histogram?.descriptor.unit).toBe("s");
  expect(histogram?.dataPoints).toMatchObject([
    {
      attributes: { code: "OK" },
      value: { count: 4, sum: 11.012, buckets: { counts: [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] } },
    },
    {
      attributes: { code: "ABORTED" },
      value: { count: 1, sum: 0.3, buckets: { counts: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] } },
    },
  ]);
});
