import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { callerOf } from "../runtime/caller.ts";
import { pageOf, pageSize, readPageToken } from "../runtime/page-token.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { createStudent } from "./create-student.ts";
import { eraseStudent } from "./erase-student.ts";
import { visibleTo } from "./operator.ts";
import { studentMissing, studentToProto } from "./student.ts";
import { findStudent, listStudents } from "./student-queries.ts";
import { updateStudent } from "./update-student.ts";

export function studentHandlers(deps: Pick<CatalogueDeps, "db" | "now" | "newId">): ServiceImpl<typeof StudentService> {
  return {
    createStudent(request, context) {
      return createStudent(deps, request, callerOf(context));
    },

    async getStudent({ studentId }, context) {
      const student = await findStudent(deps.db, studentId, visibleTo(callerOf(context)));
      if (!student) throw studentMissing(studentId);
      return { student: studentToProto(student) };
    },

    updateStudent(request, context) {
      return updateStudent(deps, request, callerOf(context));
    },

    eraseStudent(request, context) {
      return eraseStudent(deps, request, callerOf(context));
    },

    async listStudents({ pageSize: requested, pageToken }, context) {
      const size = pageSize(requested);
      const after = readPageToken(pageToken, z.guid());
      const found = await listStudents(deps.db, visibleTo(callerOf(context)), after, size + 1);
      const page = pageOf(found, size, ({ studentId }) => studentId);
      return { students: page.rows.map(studentToProto), nextPageToken: page.nextPageToken };
    },
  };
}
