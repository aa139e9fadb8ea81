import {
  CourseService,
  type CreateCourseRequest,
  type CreateCourseResponse,
} from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { nameViolations, textViolations } from "../runtime/texts.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { courseNameTaken, courseToProto, USUAL_SESSION_COUNT } from "./course.ts";
import { insertCourse } from "./course-queries.ts";

export function createCourse(
  { db, now, newId }: Pick<CatalogueDeps, "db" | "now" | "newId">,
  request: CreateCourseRequest,
  caller: Caller,
): Promise<CreateCourseResponse> {
  const { name, description, sessionMinutes, requestId } = request;
  const violations = [...nameViolations("name", name), ...textViolations("description", description)];
  if (violations.length > 0) throw invalidFields(violations);
  const terms = { name, description, sessionCount: request.sessionCount || USUAL_SESSION_COUNT, sessionMinutes };

  const at = now();
  return once(db, { method: CourseService.method.createCourse, caller, request, now: at }, async (tx) => {
    const course = await insertCourse(tx, { ...terms, courseId: newId(), createTime: at }).catch((error: unknown) => {
      throw constraintOf(error) === "course_name_taken" ? courseNameTaken(name) : error;
    });
    await writeAudit(tx, {
      caller,
      action: "CreateCourse",
      entity: "course",
      entityId: course.courseId,
      operatorId: null,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      now: at,
    });
    return { course: courseToProto(course) };
  });
}
