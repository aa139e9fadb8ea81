import { randomInt } from "node:crypto";
import type { Interceptor } from "@connectrpc/connect";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { createGrpcTransport } from "../../runtime/grpc-transport.ts";
import type { Figure } from "../figure.ts";
import { scaled, wanted } from "../scope.ts";
import { crashRun } from "./crash-run.ts";
import { idleLatency, issuingRate } from "./issuing-figures.ts";
import { startMesh } from "./mesh.ts";
import { pdfFigures } from "./pdf-figures.ts";

const LEAST = 20;

/** Issuing, printing, and issuing while everybody is killed in turn. */
export async function* certificateFigures(print: (line: string) => void): AsyncGenerator<Figure> {
  if (wanted("completion-to-certificate", "issued-a-second", "pdf")) yield* quietFigures(print);
  if (wanted("crashes")) yield await crashFigure(print);
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
    if (wanted("completion-to-certificate", "pdf")) yield await idleLatency(mesh, booking, scaled(500, LEAST));
    if (wanted("issued-a-second")) yield await issuingRate(mesh, scaled(1000, LEAST));
    if (wanted("pdf")) yield* pdfFigures(mesh, certificate, { count: scaled(10_000, LEAST), print });
  } finally {
    booking.close();
    certificate.close();
  }
}

async function crashFigure(print: (line: string) => void): Promise<Figure> {
  await using mesh = await startMesh();
  const purchases = scaled(10_000, LEAST);
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
