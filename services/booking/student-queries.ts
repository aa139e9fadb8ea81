import { z } from "zod";
import { type Database, instant, type Queryable, sql, type Transaction } from "../runtime/database.ts";
import type { Visible } from "./operator.ts";
import type { Student } from "./student.ts";

const studentRow = z.object({
  studentId: z.string(),
  name: z.string(),
  language: z.string(),
  location: z.object({ latitude: z.number(), longitude: z.number() }),
  timeZone: z.string(),
  version: z.number(),
  createTime: instant,
});

const columns = sql.fragment`
  s.student_id as "studentId", s.name, s.language,
  jsonb_build_object('latitude', s.latitude, 'longitude', s.longitude) as location,
  s.time_zone as "timeZone", s.version, s.create_time as "createTime"
`;

export function insertStudent(tx: Transaction, student: Omit<Student, "version">): Promise<Student> {
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
    where ${visibleStudents(visible)} and ${after === null ? fromStart : sql.fragment`s.student_id > ${after}::uuid`}
    order by s.student_id
    limit ${limit}
  `);
}

/** A student is not tied to one operator: each of them sees it. A student sees itself alone. */
function visibleStudents(visible: Visible) {
  if (visible.of === "student") return sql.fragment`s.student_id = ${visible.studentId}::uuid`;
  return visible.of === "everybody" || visible.of === "operator" ? sql.fragment`true` : sql.fragment`false`;
}
