import { type Code, ConnectError } from "@connectrpc/connect";
import { CourseService } from "../../../gen/cadre/booking/v1/course_service_pb.ts";
import type { ServiceBinding } from "../../runtime/implement.ts";
import { standIn } from "../../runtime/testing/stand-in.ts";

/** What booking knows of courses. */
export interface CourseDirectory {
  courseIds: Set<string>;
  /** What every call fails with. */
  failure: Code | null;
  calls: number;
}

/** Two courses a page, so that nobody gets away with reading the first one. */
export function courseDirectory(directory: CourseDirectory): ServiceBinding {
  return standIn(CourseService, {
    listCourses({ pageToken }) {
      directory.calls += 1;
      if (directory.failure !== null) throw new ConnectError("the directory is out of order", directory.failure);
      const from = Number(pageToken || 0);
      const all = [...directory.courseIds];
      const courses = all.slice(from, from + 2).map((courseId) => ({ courseId }));
      return { courses, nextPageToken: from + 2 < all.length ? String(from + 2) : "" };
    },
  });
}
