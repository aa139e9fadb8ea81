import type { ServiceImpl } from "@connectrpc/connect";
import type { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { nameKey, pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { courseMissing, courseToProto } from "./course.ts";
import { findCourse, listCourses } from "./course-queries.ts";
import { createCourse } from "./create-course.ts";
import { updateCourse } from "./update-course.ts";

export function courseHandlers(deps: Pick<CatalogueDeps, "db" | "now" | "newId">): ServiceImpl<typeof CourseService> {
  return {
    createCourse(request, context) {
      return createCourse(deps, request, callerOf(context));
    },

    async getCourse({ courseId }) {
      const course = await findCourse(deps.db, courseId);
      if (!course) throw courseMissing(courseId);
      return { course: courseToProto(course) };
    },

    updateCourse(request, context) {
      return updateCourse(deps, request, callerOf(context));
    },

    async listCourses({ pageSize: requested, pageToken }) {
      const size = pageSize(requested);
      const found = await listCourses(deps.db, readPageToken(pageToken, nameKey), size + 1);
      const page = pageOf(found, size, ({ name }) => name);
      return { courses: page.rows.map(courseToProto), nextPageToken: page.nextPageToken };
    },
  };
}
