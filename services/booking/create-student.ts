import {
  type CreateStudentRequest,
  type CreateStudentResponse,
  StudentService,
} from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { invalidFields } from "../runtime/errors.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { nameViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { languageTag } from "./language.ts";
import { studentToProto } from "./student.ts";
import { insertStudent, type StudentFacts } from "./student-queries.ts";

export function createStudent(
  { db, now, newId }: Pick<CatalogueDeps, "db" | "now" | "newId">,
  request: CreateStudentRequest,
  caller: Caller,
): Promise<CreateStudentResponse> {
  const facts = checked(request);

  const at = now();
  return once(db, { method: StudentService.method.createStudent, caller, request, now: at }, async (tx) => {
    const student = await insertStudent(tx, { ...facts, studentId: newId(), createTime: at });
    await writeAudit(tx, {
      caller,
      action: "CreateStudent",
      entity: "student",
      entityId: student.studentId,
      operatorId: null,
      requestId: request.requestId,
      traceId: currentTrace()?.traceId ?? null,
      now: at,
    });
    return { student: studentToProto(student) };
  });
}

function checked(request: CreateStudentRequest): StudentFacts {
  const { name, location } = request;
  const language = languageTag(request.language);
  const timeZone = timeZoneName(request.timeZone);
  const violations = [
    ...nameViolations("name", name),
    ...(language ? [] : [{ path: "language", message: "is not a BCP 47 language tag" }]),
    ...(location ? [] : [{ path: "location", message: "is required" }]),
    ...(timeZone ? [] : [{ path: "time_zone", message: "is not the IANA name of a time zone" }]),
  ];
  if (!language || !location || !timeZone || violations.length > 0) throw invalidFields(violations);
  return { name, language, location, timeZone };
}
