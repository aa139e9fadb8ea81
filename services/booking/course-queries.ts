import { z } from "zod";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Course } from "./course.ts";

const courseRow = z.object({
  courseId: z.string(),
  name: z.string(),
  description: z.string(),
  sessionCount: z.number(),
  sessionMinutes: z.number(),
  version: z.number(),
  createTime: instant,
});

const columns = sql.fragment`
  c.course_id as "courseId", c.name, c.description, c.session_count as "sessionCount",
  c.session_minutes as "sessionMinutes", c.version, c.create_time as "createTime"
`;

/** A taken name shows as a violation of course_name_taken. */
export function insertCourse(tx: Transaction, course: Omit<Course, "version">): Promise<Course> {
  return tx.one(sql.type(courseRow)`
    insert into course as c (course_id, name, description, session_count, session_minutes, create_time)
    values (
      ${course.courseId}, ${course.name}, ${course.description}, ${course.sessionCount}, ${course.sessionMinutes},
      ${course.createTime.toString()}::timestamptz
    )
    returning ${columns}
  `);
}

/** What an update may change; what it leaves out stays. */
export type CourseFacts = Partial<Pick<Course, "name" | "description" | "sessionCount" | "sessionMinutes">>;

/** Null when there is no such course. A taken name shows as a violation of course_name_taken. */
export function updateCourseFacts(tx: Transaction, courseId: string, facts: CourseFacts): Promise<Course | null> {
  const { name = null, description = null, sessionCount = null, sessionMinutes = null } = facts;
  return tx.maybeOne(sql.type(courseRow)`
    update course c set
      name = coalesce(${name}, c.name), description = coalesce(${description}, c.description),
      session_count = coalesce(${sessionCount}, c.session_count),
      session_minutes = coalesce(${sessionMinutes}, c.session_minutes), version = c.version + 1
    where c.course_id = ${courseId}
    returning ${columns}
  `);
}

export function findCourse(db: Queryable, courseId: string): Promise<Course | null> {
  return db.maybeOne(sql.type(courseRow)`select ${columns} from course c where c.course_id = ${courseId}`);
}

/** `after` is the name that the last course of the page before had then. */
export function listCourses(db: Database, after: string | null, limit: number): Promise<readonly Course[]> {
  const fromStart = sql.fragment`true`;
  return db.any(sql.type(courseRow)`
    select ${columns} from course c
    where ${after === null ? fromStart : sql.fragment`c.name > ${after}`}
    order by c.name
    limit ${limit}
  `);
}
