import {
  CertificateService,
  type ReinstateCertificateRequest,
  type ReinstateCertificateResponse,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import { changeStanding, checkReasons } from "./change-standing.ts";
import type { StandingDeps } from "./deps.ts";
import { holderOf, reinstate } from "./standing.ts";
import { toProto } from "./to-proto.ts";

export function reinstateCertificate(
  { db, now: clock }: StandingDeps,
  request: ReinstateCertificateRequest,
  caller: Caller,
): Promise<ReinstateCertificateResponse> {
  checkReasons(request);
  const now = clock();
  return once(db, { method: CertificateService.method.reinstateCertificate, caller, request, now }, async (tx) => {
    const certificate = await changeStanding(tx, request, {
      action: "ReinstateCertificate",
      caller,
      now,
      rule: (certificate) => reinstate(certificate, holderOf(caller)),
    });
    return { certificate: toProto(certificate) };
  });
}
