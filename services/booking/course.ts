import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CourseSchema } from "../../gen/cadre/booking/v1/course_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";

export interface Course {
  courseId: string;
  name: string;
  description: string;
  sessionCount: number;
  sessionMinutes: number;
  version: number;
  createTime: Temporal.Instant;
}

/** Of a course that does not say how many sessions it has. */
export const USUAL_SESSION_COUNT = 30;

export function courseNameTaken(name: string): DomainError {
  return new DomainError("already-exists", "COURSE_NAME_TAKEN", `Another course is named "${name}".`);
}

export function courseMissing(courseId: string): DomainError {
  return new DomainError("not-found", "COURSE_NOT_FOUND", `There is no course ${courseId}.`, {
    metadata: { course_id: courseId },
  });
}

export function courseToProto({ version, createTime, ...course }: Course): MessageInitShape<typeof CourseSchema> {
  return { ...course, etag: String(version), createTime: timestampOf(createTime) };
}
