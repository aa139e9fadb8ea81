import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import type { Vitals, VitalsAsked } from "./overload-figure.ts";

/** Asks a server how it is, now and then, in a process that does nothing else: what comes late is the server's doing. */
const { ADDRESS = "" } = process.env;
const health = createClient(Health, createGrpcTransport({ address: ADDRESS }));

process.on("message", async ({ ms, withinMs }: VitalsAsked) => {
  const vitals: Vitals = { asked: 0, answered: 0, slowestMs: 0 };
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const start = performance.now();
    vitals.asked += 1;
    await health.check({}, { timeoutMs: withinMs }).then(
      () => {
        vitals.answered += 1;
      },
      () => undefined,
    );
    vitals.slowestMs = Math.max(vitals.slowestMs, performance.now() - start);
    await delay(100);
  }
  process.send?.(vitals);
});
