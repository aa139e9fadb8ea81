import { setTimeout } from "node:timers/promises";
import type { Certificate } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import type { Actor, Gateway } from "./gateway.ts";
import type { Trace } from "./trace.ts";

const POLL_MS = 200;

export async function certificatesOf(
  { certificates }: Gateway,
  purchaseId: string,
  call: ReturnType<Actor>,
): Promise<Certificate[]> {
  return (await certificates.listCertificates({ purchaseId }, call)).certificates;
}

/** Asks until the certificate is there, or the deadline has passed. */
export async function awaitCertificate(
  gateway: Gateway,
  purchaseId: string,
  { actor, trace, deadlineMs }: { actor: Actor; trace: Trace; deadlineMs: number },
): Promise<Certificate> {
  const signal = AbortSignal.timeout(deadlineMs);
  while (!signal.aborted) {
    const [certificate] = await certificatesOf(gateway, purchaseId, actor(trace));
    if (certificate) return certificate;
    await setTimeout(POLL_MS);
  }
  throw new Error(`The course is completed, but ${deadlineMs / 1000} s later there is no certificate.`);
}
