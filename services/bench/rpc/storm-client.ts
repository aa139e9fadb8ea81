import { setTimeout as delay } from "node:timers/promises";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { CertificateService } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { TrainerService } from "../../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import type { Load, Outcome } from "./storm.ts";

/** Makes the load of each message, and answers with what came of it. Retries nothing: it is the storm. */
const { ADDRESS = "", TOKEN = "", CALL = "" } = process.env;
const TICK_MS = 5;

const authorize: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${TOKEN}`);
  return next(request);
};
const transport = createGrpcTransport({ address: ADDRESS, interceptors: [authorize] });
const trainers = createClient(TrainerService, transport);
const certificates = createClient(CertificateService, transport);
const page = { pageSize: 100 };
const list = (): Promise<unknown> =>
  CALL === "listTrainers" ? trainers.listTrainers(page) : certificates.listCertificates(page);

process.on("message", async (load: Load) => {
  const outcome: Outcome = { answered: 0, refused: 0 };
  const call = (): Promise<void> =>
    list().then(
      () => {
        outcome.answered += 1;
      },
      () => {
        outcome.refused += 1;
      },
    );
  const end = performance.now() + load.ms;
  await (load.perSecond === undefined ? closed(call, load.atOnce, end) : open(call, load.perSecond, end));
  process.send?.(outcome);
});

/** As many at a time, the next when one is answered. */
async function closed(call: () => Promise<void>, atOnce: number, end: number): Promise<void> {
  const worker = async (): Promise<void> => {
    while (performance.now() < end) await call();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** As many a second, whatever becomes of them. */
async function open(call: () => Promise<void>, perSecond: number, end: number): Promise<void> {
  const calls: Promise<void>[] = [];
  const start = performance.now();
  let made = 0;
  while (performance.now() < end) {
    const due = ((performance.now() - start) / 1000) * perSecond;
    for (; made < due; made++) calls.push(call());
    await delay(TICK_MS);
  }
  await Promise.all(calls);
}
