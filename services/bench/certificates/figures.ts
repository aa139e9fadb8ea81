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
/** The figures to take, such as "pdf,crashes"; without it, all. */
const ONLY = env.BENCH_ONLY?.split(",");
const scaled = (count: number) => Math.max(20, Math.round(count * SCALE));

/** Issuing, printing, and issuing while everybody is killed in turn. */
export async function* certificateFigures(print: (line: string) => void): AsyncGenerator<Figure> {
  if (wanted("completion-to-certificate", "issued-a-second", "pdf")) yield* quietFigures(print);
  if (wanted("crashes")) yield await crashFigure(print);
}

function wanted(...figures: string[]): boolean {
  return ONLY === undefined || figures.some((figure) => ONLY.includes(figure));
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
    // Something has to be there to be printed.
    if (wanted("completion-to-certificate", "pdf")) yield await idleLatency(mesh, booking, scaled(500));
    if (wanted("issued-a-second")) yield await issuingRate(mesh, scaled(1000));
    if (wanted("pdf")) yield* pdfFigures(mesh, certificate, { count: scaled(10_000), print });
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
