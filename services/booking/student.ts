import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StudentSchema } from "../../gen/cadre/booking/v1/student_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Point } from "./point.ts";

export interface Student {
  studentId: string;
  name: string;
  /** BCP 47. */
  language: string;
  location: Point;
  timeZone: string;
  version: number;
  createTime: Temporal.Instant;
}

export function studentMissing(studentId: string): DomainError {
  return new DomainError("not-found", "STUDENT_NOT_FOUND", `There is no student ${studentId}.`, {
    metadata: { student_id: studentId },
  });
}

export function studentToProto({ version, createTime, ...student }: Student): MessageInitShape<typeof StudentSchema> {
  return { ...student, etag: String(version), createTime: timestampOf(createTime) };
}
