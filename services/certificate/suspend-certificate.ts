import {
  CertificateService,
  type SuspendCertificateRequest,
  type SuspendCertificateResponse,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import { changeStanding, checkReasons } from "./change-standing.ts";
import type { StandingDeps } from "./deps.ts";
import { holderOf, suspend } from "./standing.ts";
import { toProto } from "./to-proto.ts";

export function suspendCertificate(
  { db, now: clock }: StandingDeps,
  request: SuspendCertificateRequest,
  caller: Caller,
): Promise<SuspendCertificateResponse> {
  checkReasons(request);
  const now = clock();
  return once(db, { method: CertificateService.method.suspendCertificate, caller, request, now }, async (tx) => {
    const certificate = await changeStanding(tx, request, {
      action: "SuspendCertificate",
      caller,
      now,
      rule: (certificate) => suspend(certificate, { by: holderOf(caller), now, publicReason: request.publicReason }),
    });
    return { certificate: toProto(certificate) };
  });
}
