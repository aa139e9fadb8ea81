import {
  CertificateService,
  type RevokeCertificateRequest,
  type RevokeCertificateResponse,
} from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import { changeStanding, checkReasons } from "./change-standing.ts";
import type { StandingDeps } from "./deps.ts";
import { revoke } from "./standing.ts";
import { toProto } from "./to-proto.ts";

export function revokeCertificate(
  { db, now: clock }: StandingDeps,
  request: RevokeCertificateRequest,
  caller: Caller,
): Promise<RevokeCertificateResponse> {
  checkReasons(request);
  const now = clock();
  return once(db, { method: CertificateService.method.revokeCertificate, caller, request, now }, async (tx) => {
    const certificate = await changeStanding(tx, request, {
      action: "RevokeCertificate",
      caller,
      now,
      rule: (certificate) => revoke(certificate, now, request.publicReason),
    });
    return { certificate: toProto(certificate) };
  });
}
