import {
  type EraseStudentRequest,
  type EraseStudentResponse,
  StudentService,
} from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { visibleTo } from "./operator.ts";
import { studentMissing, studentToProto } from "./student.ts";
import { eraseStudentFacts, findStudent } from "./student-queries.ts";

/** Erases a student that was erased before once more: a booking that was under way then may have left its place. */
export function eraseStudent(
  { db, now }: Pick<CatalogueDeps, "db" | "now">,
  request: EraseStudentRequest,
  caller: Caller,
): Promise<EraseStudentResponse> {
  const { studentId, requestId } = request;

  const at = now();
  return once(db, { method: StudentService.method.eraseStudent, caller, request, now: at }, async (tx) => {
    const before = await findStudent(tx, studentId, visibleTo(caller));
    if (!before) throw studentMissing(studentId);
    await eraseStudentFacts(tx, studentId, at);
    const student = await findStudent(tx, studentId, visibleTo(caller));
    if (!student) throw studentMissing(studentId);

    if (before.eraseTime === null) {
      await writeAudit(tx, {
        caller,
        action: "EraseStudent",
        entity: "student",
        entityId: student.studentId,
        operatorId: null,
        requestId,
        traceId: currentTrace()?.traceId ?? null,
        now: at,
      });
    }
    return { student: studentToProto(student) };
  });
}
