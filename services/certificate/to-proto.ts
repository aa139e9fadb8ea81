import type { MessageInitShape } from "@bufbuild/protobuf";
import { type CertificateSchema, CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import type { VerifyCertificateResponseSchema } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Certificate } from "./certificate.ts";

const STATES = {
  valid: CertificateState.VALID,
  suspended: CertificateState.SUSPENDED,
  revoked: CertificateState.REVOKED,
} as const;

export function toProto({ franchiseId: _, ...certificate }: Certificate): MessageInitShape<typeof CertificateSchema> {
  return {
    ...certificate,
    state: STATES[certificate.state],
    firstSessionTime: timestampOf(certificate.firstSessionTime),
    lastSessionTime: timestampOf(certificate.lastSessionTime),
    completeTime: timestampOf(certificate.completeTime),
    issueTime: timestampOf(certificate.issueTime),
  };
}

/** Named field by field: what is not named here stays unknown to the public. */
export function toPublicProto(certificate: Certificate): MessageInitShape<typeof VerifyCertificateResponseSchema> {
  return {
    state: STATES[certificate.state],
    number: certificate.number,
    studentName: certificate.studentName,
    courseName: certificate.courseName,
    operatorName: certificate.operatorName,
    sessionCount: certificate.sessionCount,
    totalMinutes: certificate.totalMinutes,
    firstSessionTime: timestampOf(certificate.firstSessionTime),
    lastSessionTime: timestampOf(certificate.lastSessionTime),
    issueTime: timestampOf(certificate.issueTime),
  };
}
