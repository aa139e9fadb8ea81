import { readdir, readFile } from "node:fs/promises";
import { createClient, type Transport } from "@connectrpc/connect";
import { CertificateService } from "../../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { type Figure, rounded } from "../figure.ts";
import { quantile } from "./issuing-figures.ts";
import type { CertificatesMesh } from "./mesh.ts";

const MUST_MS = 15;
const SHOWN_TIMES = 10;
/** Of the service and its child together, whatever was printed before. */
const MEMORY_MB = 600;

/** One PDF after another over gRPC, and what that takes of memory along the way. */
export async function* pdfFigures(
  mesh: CertificatesMesh,
  transport: Transport,
  { count, print }: { count: number; print: (line: string) => void },
): AsyncGenerator<Figure> {
  const certificates = createClient(CertificateService, transport);
  const { certificates: issued } = await certificates.listCertificates({ pageSize: 200 });
  const pid = mesh.pidOf("certificate");
  const latencies: number[] = [];
  const memory: number[] = [];
  for (let page = 0; page < count; page += 1) {
    const certificateId = issued[page % issued.length]?.certificateId ?? "";
    const startMs = performance.now();
    for await (const _ of certificates.renderCertificate({ certificateId }));
    latencies.push(performance.now() - startMs);
    if ((page + 1) % Math.ceil(count / SHOWN_TIMES) !== 0) continue;
    const service = await residentMegabytes(pid);
    const children = await Promise.all((await childrenOf(pid)).map(residentMegabytes));
    const typesetters = children.reduce((sum, megabytes) => sum + megabytes, 0);
    memory.push(service + typesetters);
    print(`${page + 1} PDFs: service ${rounded(service)} MB, typesetter ${rounded(typesetters)} MB`);
  }
  const p50 = quantile(latencies, 0.5);
  yield {
    figure: "pdf",
    ours: rounded(p50),
    theirs: null,
    unit: "ms, p50",
    ratio: rounded(p50),
    must: MUST_MS,
    holds: p50 < MUST_MS,
    note: `RenderCertificate over gRPC, ${count} one after another; p99 ${rounded(quantile(latencies, 0.99))} ms; ratio is ours`,
  };
  const most = Math.max(...memory);
  yield {
    figure: "pdf-memory",
    ours: rounded(most),
    theirs: null,
    unit: "MB resident",
    ratio: rounded(most),
    must: MEMORY_MB,
    holds: most < MEMORY_MB,
    note: `the service and its typesetter together, the most of ${memory.length} looks; ratio is ours`,
  };
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8")));
  return lists.flatMap((list) => list.trim().split(" ").filter(Boolean).map(Number));
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1000;
}
