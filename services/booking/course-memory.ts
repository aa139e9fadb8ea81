import { LRUCache } from "lru-cache";
import type { CourseFacts } from "./book-queries.ts";

/** The courses that were booked of late, as they were then: they may have changed since. */
export interface CourseMemory {
  recall(courseId: string): CourseFacts | undefined;
  remember(course: CourseFacts): void;
}

const MOST = 10_000;

export function courseMemory(): CourseMemory {
  const courses = new LRUCache<string, CourseFacts>({ max: MOST });
  return {
    recall: (courseId) => courses.get(courseId),
    remember: (course) => void courses.set(course.courseId, course),
  };
}
