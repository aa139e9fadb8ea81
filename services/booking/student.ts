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
  /** Null once the student is erased; name, language and time zone are empty then. */
  location: Point | null;
  timeZone: string;
  version: number;
  createTime: Temporal.Instant;
  eraseTime: Temporal.Instant | null;
}

export function studentMissing(studentId: string): DomainError {
  return new DomainError("not-found", "STUDENT_NOT_FOUND", `There is no student ${studentId}.`, {
    metadata: { student_id: studentId },
  });
}

export function studentToProto(student: Student): MessageInitShape<typeof StudentSchema> {
  const { location, version, createTime, eraseTime, ...facts } = student;
  return {
    ...facts,
    ...(location === null ? {} : { location }),
    etag: String(version),
    createTime: timestampOf(createTime),
    ...(eraseTime === null ? {} : { eraseTime: timestampOf(eraseTime) }),
  };
}
