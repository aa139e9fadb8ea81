import {
  CourseService,
  type UpdateCourseRequest,
  type UpdateCourseResponse,
} from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { type FieldViolation, invalidFields } from "../runtime/errors.ts";
import { maskViolations } from "../runtime/field-mask.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { nameViolations, textViolations } from "../runtime/texts.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { courseMissing, courseNameTaken, courseToProto } from "./course.ts";
import { type CourseFacts, updateCourseFacts } from "./course-queries.ts";
import { etagMatches } from "./etag.ts";

const FIELDS: ReadonlySet<string> = new Set(["name", "description", "session_count", "session_minutes"]);
const SHORTEST_SESSION_MINUTES = 5;

export function updateCourse(
  { db, now }: Pick<CatalogueDeps, "db" | "now">,
  request: UpdateCourseRequest,
  caller: Caller,
): Promise<UpdateCourseResponse> {
  const { courseId, etag, name, requestId, updateMask } = request;
  const facts = checked(request);

  const at = now();
  return once(db, { method: CourseService.method.updateCourse, caller, request, now: at }, async (tx) => {
    const course = await updateCourseFacts(tx, courseId, facts).catch((error: unknown) => {
      throw constraintOf(error) === "course_name_taken" ? courseNameTaken(name) : error;
    });
    if (!course) throw courseMissing(courseId);
    etagMatches(etag, course.version - 1);

    await writeAudit(tx, {
      caller,
      action: "UpdateCourse",
      entity: "course",
      entityId: course.courseId,
      operatorId: null,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      detail: { version: course.version, fields: updateMask?.paths ?? [], ...facts },
      now: at,
    });
    return { course: courseToProto(course) };
  });
}

/** The facts that the mask names; the others stay out. */
function checked({ name, description, sessionCount, sessionMinutes, updateMask }: UpdateCourseRequest): CourseFacts {
  const named = new Set(updateMask?.paths);
  const faulty: Record<string, FieldViolation[]> = {
    name: name === "" ? [{ path: "name", message: "must not be empty" }] : nameViolations("name", name),
    description: textViolations("description", description),
    session_count: sessionCount > 0 ? [] : [{ path: "session_count", message: "must be at least 1" }],
    session_minutes:
      sessionMinutes >= SHORTEST_SESSION_MINUTES
        ? []
        : [{ path: "session_minutes", message: `must be at least ${SHORTEST_SESSION_MINUTES}` }],
  };
  const violations = [
    ...maskViolations("update_mask", updateMask ?? { paths: [] }, FIELDS),
    ...[...named].flatMap((field) => faulty[field] ?? []),
  ];
  if (violations.length > 0) throw invalidFields(violations);
  return {
    ...(named.has("name") && { name }),
    ...(named.has("description") && { description }),
    ...(named.has("session_count") && { sessionCount }),
    ...(named.has("session_minutes") && { sessionMinutes }),
  };
}
