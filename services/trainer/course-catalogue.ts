import type { Client } from "@connectrpc/connect";
import type { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { runForAll } from "../runtime/call-context.ts";
import { DomainError } from "../runtime/errors.ts";
import { isOutage } from "../runtime/outage.ts";

/** What booking knows of courses. */
export interface CourseCatalogue {
  /** Those of the courses that do not exist. Refuses with COURSE_CATALOGUE_UNAVAILABLE when that cannot be told. */
  missing(courseIds: readonly string[]): Promise<string[]>;
}

const PAGE_SIZE = 1000;

/**
 * Remembers every course that it was told of: a course never goes away. All courses are listed when one is asked for that
 * is not among them, for everybody who waits together; a listing that had begun before the question is no answer to it.
 */
export function courseCatalogue(client: Pick<Client<typeof CourseService>, "listCourses">): CourseCatalogue {
  const known = new Set<string>();
  let running: Promise<void> = Promise.resolve();
  let following: Promise<void> | null = null;

  function listed(): Promise<void> {
    following ??= running
      .catch(() => {})
      .then(() => {
        following = null;
        running = runForAll(list);
        return running;
      });
    return following;
  }

  async function list(): Promise<void> {
    let pageToken = "";
    do {
      const page = await client.listCourses({ pageSize: PAGE_SIZE, pageToken });
      for (const { courseId } of page.courses) known.add(courseId);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  return {
    async missing(courseIds) {
      const unknown = () => [...new Set(courseIds.map((id) => id.toLowerCase()))].filter((id) => !known.has(id));
      if (unknown().length > 0) await listed().catch(unavailable);
      return unknown();
    },
  };
}

/** Why nobody can be qualified for a course, or null when it exists. */
export async function courseRefusal(courses: CourseCatalogue, courseId: string): Promise<DomainError | null> {
  try {
    const [missing] = await courses.missing([courseId]);
    return missing === undefined ? null : courseMissing(missing);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

export function courseMissing(courseId: string): DomainError {
  return new DomainError("not-found", "COURSE_NOT_FOUND", `There is no course ${courseId}.`, {
    metadata: { course_id: courseId },
  });
}

function unavailable(error: unknown): never {
  if (!isOutage(error)) throw error;
  const message = "The courses cannot be read at the moment; nothing was changed. Try again with the same request_id.";
  throw new DomainError("unavailable", "COURSE_CATALOGUE_UNAVAILABLE", message);
}
