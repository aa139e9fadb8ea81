import { randomInt } from "node:crypto";
import { env } from "node:process";
import type { Interceptor } from "@connectrpc/connect";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import type { Figure } from "../figure.ts";
import { crashRun } from "./crash-run.ts";
import { idleLatency, issuingRate } from "./issuing-figures.ts";
import { startMesh } from "./mesh.ts";
import { pdfFigures } from "./pdf-figures.ts";

/** Of the whole run, to try a driver with less. */
const SCALE = Number(env.BENCH_SCALE ?? 1);
const scaled = (count: number) => Math.max(20, Math.round(count * SCALE));

/** Issuing, printing, and issuing while everybody is killed in turn. */
export async function* certificateFigures(print: (line: string) => void): AsyncGenerator<Figure> {
  yield* quietFigures(print);
  yield await crashFigure(print);
}

async function* quietFigures(print: (line: string) => void): AsyncGenerator<Figure> {
  await using mesh = await startMesh();
  const token = await mesh.tokenAs(Role.ADMIN);
  const bearer: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const booking = createGrpcTransport({ address: mesh.addresses.booking, interceptors: [bearer] });
  const certificate = createGrpcTransport({ address: mesh.certificateAddress, interceptors: [bearer] });
  try {
    yield await idleLatency(mesh, booking, scaled(500));
    yield await issuingRate(mesh, scaled(1000));
    yield* pdfFigures(mesh, certificate, { count: scaled(10_000), print });
  } finally {
    booking.close();
    certificate.close();
  }
}

async function crashFigure(print: (line: string) => void): Promise<Figure> {
  await using mesh = await startMesh();
  const purchases = scaled(10_000);
  const plan = { seed: randomInt(2 ** 31), purchases, sessions: 30, kills: 20, duplicates: Math.round(purchases / 10) };
  const { certificates, numbers, early, missing, lastAfterMs } = await crashRun(mesh, plan, print);
  return {
    figure: "crashes",
    ours: certificates,
    theirs: purchases,
    unit: "certificates / finished purchases",
    ratio: certificates / purchases,
    must: 1,
    holds: certificates === purchases && numbers === purchases && early === 0 && missing === 0,
    note: `seed ${plan.seed}, 20 kills, ${plan.duplicates} jobs twice: ${numbers} numbers, ${early} early, ${missing} missing, the last one ${Math.round(lastAfterMs)} ms after the last kill was over`,
  };
}
