import type { MessageInitShape } from "@bufbuild/protobuf";
import { type CertificateSchema, CertificateState } from "../../gen/cadre/certificate/v1/certificate_pb.ts";
import type { VerifyCertificateResponseSchema } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { ShownCertificate } from "./certificate.ts";
import { publicReason, suspendTime } from "./standing.ts";

const STATES = {
  valid: CertificateState.VALID,
  suspended: CertificateState.SUSPENDED,
  revoked: CertificateState.REVOKED,
} as const;

export function toProto(certificate: ShownCertificate): MessageInitShape<typeof CertificateSchema> {
  return {
    ...toPublicProto(certificate),
    certificateId: certificate.certificateId,
    code: certificate.code,
    purchaseId: certificate.purchaseId,
    operatorId: certificate.operatorId,
    studentId: certificate.studentId,
    courseId: certificate.courseId,
    completeTime: timestampOf(certificate.completeTime),
    ledgerDigest: certificate.ledgerDigest,
    etag: String(certificate.version),
  };
}

/** Named field by field: what is not named here stays unknown to the public. */
export function toPublicProto(certificate: ShownCertificate) {
  const suspended = suspendTime(certificate);
  const { revokeTime } = certificate;
  return {
    state: STATES[certificate.state],
    ...(suspended && { suspendTime: timestampOf(suspended) }),
    ...(revokeTime && { revokeTime: timestampOf(revokeTime) }),
    publicReason: publicReason(certificate),
    number: certificate.number,
    studentName: certificate.studentName,
    studentLanguage: certificate.studentLanguage,
    courseName: certificate.courseName,
    operatorName: certificate.operatorName,
    trainerNames: [...certificate.trainerNames],
    zoneName: certificate.zoneName,
    timeZone: certificate.timeZone,
    sessionCount: certificate.sessionCount,
    totalMinutes: certificate.totalMinutes,
    firstSessionTime: timestampOf(certificate.firstSessionTime),
    lastSessionTime: timestampOf(certificate.lastSessionTime),
    issueTime: timestampOf(certificate.issueTime),
  } satisfies MessageInitShape<typeof VerifyCertificateResponseSchema>;
}
