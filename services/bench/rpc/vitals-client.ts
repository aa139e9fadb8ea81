import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { CertificateService } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import type { Vitals, VitalsAsked } from "./storm.ts";

/** Asks, now and then, what a server must always answer, and does nothing else: what comes late is the server's doing. */
const { ADDRESS = "", CODE = "" } = process.env;
const transport = createGrpcTransport({ address: ADDRESS });
const health = createClient(Health, transport);
const certificates = createClient(CertificateService, transport);
const EVERY_MS = 100;

process.on("message", async ({ ms, withinMs }: VitalsAsked) => {
  const vitals: Vitals = { asked: 0, answered: 0, slowestMs: 0 };
  const end = performance.now() + ms;
  const ask = async (call: () => Promise<unknown>): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now();
      vitals.asked += 1;
      const answered = await call().then(
        () => true,
        () => false,
      );
      if (answered) vitals.answered += 1;
      vitals.slowestMs = Math.max(vitals.slowestMs, performance.now() - start);
      await delay(EVERY_MS);
    }
  };
  const limit = { timeoutMs: withinMs };
  const verify = () => certificates.verifyCertificate({ code: CODE }, limit);
  await Promise.all([ask(() => health.check({}, limit)), ...(CODE === "" ? [] : [ask(verify)])]);
  process.send?.(vitals);
});
