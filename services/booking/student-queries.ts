import { z } from "zod";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Point } from "./point.ts";
import type { Student } from "./student.ts";

const studentRow = z.object({
  studentId: z.string(),
  name: z.string(),
  language: z.string(),
  location: z.object({ latitude: z.number(), longitude: z.number() }).nullable(),
  timeZone: z.string(),
  version: z.number(),
  createTime: instant,
  eraseTime: instant.nullable(),
});

const columns = sql.fragment`
  s.student_id as "studentId", s.name, s.language,
  case when s.erase_time is null then jsonb_build_object('latitude', s.latitude, 'longitude', s.longitude) end as location,
  s.time_zone as "timeZone", s.version, s.create_time as "createTime", s.erase_time as "eraseTime"
`;

/** What tells who a student is. */
export interface StudentFacts {
  name: string;
  language: string;
  location: Point;
  timeZone: string;
}

type NewStudent = StudentFacts & Pick<Student, "studentId" | "createTime">;

export function insertStudent(tx: Transaction, student: NewStudent): Promise<Student> {
  const { location } = student;
  return tx.one(sql.type(studentRow)`
    insert into student as s (student_id, name, language, latitude, longitude, time_zone, create_time)
    values (
      ${student.studentId}, ${student.name}, ${student.language}, ${location.latitude}, ${location.longitude},
      ${student.timeZone}, ${student.createTime.toString()}::timestamptz
    )
    returning ${columns}
  `);
}

/** What the facts leave out stays. Null when there is no such student, or no longer. */
export function updateStudentFacts(
  tx: Transaction,
  studentId: string,
  visible: Visible,
  { name, language, location, timeZone }: Partial<StudentFacts>,
): Promise<Student | null> {
  return tx.maybeOne(sql.type(studentRow)`
    update student s set
      name = coalesce(${name ?? null}, s.name),
      language = coalesce(${language ?? null}, s.language),
      latitude = coalesce(${location?.latitude ?? null}, s.latitude),
      longitude = coalesce(${location?.longitude ?? null}, s.longitude),
      time_zone = coalesce(${timeZone ?? null}, s.time_zone),
      version = s.version + 1
    where s.student_id = ${studentId} and s.erase_time is null and ${visibleStudents(visible)}
    returning ${columns}
  `);
}

/** Everything personal of the student, with every operator. Does nothing more to one that was erased before. */
export async function eraseStudentFacts(tx: Transaction, studentId: string, at: Temporal.Instant): Promise<void> {
  await tx.query(sql.unsafe`select erase_student(${studentId}, ${at.toString()})`);
}

export function findStudent(db: Queryable, studentId: string, visible: Visible): Promise<Student | null> {
  return db.maybeOne(sql.type(studentRow)`
    select ${columns} from student s where s.student_id = ${studentId} and ${visibleStudents(visible)}
  `);
}

export function listStudents(
  db: Database,
  visible: Visible,
  after: string | null,
  limit: number,
): Promise<readonly Student[]> {
  const fromStart = sql.fragment`true`;
  return db.any(sql.type(studentRow)`
    select ${columns} from student s
    where ${visibleStudents(visible)} and s.erase_time is null and ${after === null ? fromStart : sql.fragment`s.student_id > ${after}::uuid`}
    order by s.student_id
    limit ${limit}
  `);
}

/** A student is not tied to one operator: each of them sees it. A student sees itself alone. */
function visibleStudents(visible: Visible) {
  if (visible.of === "student") return sql.fragment`s.student_id = ${visible.studentId}::uuid`;
  return visible.of === "everybody" || visible.of === "operator" ? sql.fragment`true` : sql.fragment`false`;
}
