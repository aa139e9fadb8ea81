import {
  StudentService,
  type UpdateStudentRequest,
  type UpdateStudentResponse,
} from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { writeAudit } from "../runtime/audit.ts";
import type { Caller } from "../runtime/caller.ts";
import { type FieldViolation, invalidFields } from "../runtime/errors.ts";
import { maskViolations } from "../runtime/field-mask.ts";
import { once } from "../runtime/idempotency.ts";
import { currentTrace } from "../runtime/telemetry.ts";
import { nameViolations } from "../runtime/texts.ts";
import { timeZoneName } from "../runtime/time-zone.ts";
import type { CatalogueDeps } from "./catalogue-deps.ts";
import { etagMatches } from "./etag.ts";
import { languageTag } from "./language.ts";
import { visibleTo } from "./operator.ts";
import { studentMissing, studentToProto } from "./student.ts";
import { type StudentFacts, updateStudentFacts } from "./student-queries.ts";

const FIELDS: ReadonlySet<string> = new Set(["name", "language", "location", "time_zone"]);

export function updateStudent(
  { db, now }: Pick<CatalogueDeps, "db" | "now">,
  request: UpdateStudentRequest,
  caller: Caller,
): Promise<UpdateStudentResponse> {
  const { studentId, etag, requestId, updateMask } = request;
  const facts = checked(request);

  const at = now();
  return once(db, { method: StudentService.method.updateStudent, caller, request, now: at }, async (tx) => {
    const student = await updateStudentFacts(tx, studentId, visibleTo(caller), facts);
    if (!student) throw studentMissing(studentId);
    etagMatches(etag, student.version - 1);

    await writeAudit(tx, {
      caller,
      action: "UpdateStudent",
      entity: "student",
      entityId: student.studentId,
      operatorId: null,
      requestId,
      traceId: currentTrace()?.traceId ?? null,
      // The log outlives the student's erasure: what the fields hold stays out of it.
      detail: { version: student.version, fields: updateMask?.paths ?? [] },
      now: at,
    });
    return { student: studentToProto(student) };
  });
}

/** The facts that the mask names; the others stay out. */
function checked({ name, location, updateMask, ...request }: UpdateStudentRequest): Partial<StudentFacts> {
  const named = new Set(updateMask?.paths);
  const language = languageTag(request.language);
  const timeZone = timeZoneName(request.timeZone);
  const faulty: Record<string, FieldViolation[]> = {
    name: name === "" ? [{ path: "name", message: "must not be empty" }] : nameViolations("name", name),
    language: language ? [] : [{ path: "language", message: "is not a BCP 47 language tag" }],
    location: location ? [] : [{ path: "location", message: "is required" }],
    time_zone: timeZone ? [] : [{ path: "time_zone", message: "is not the IANA name of a time zone" }],
  };
  const violations = [
    ...maskViolations("update_mask", updateMask ?? { paths: [] }, FIELDS),
    ...[...named].flatMap((field) => faulty[field] ?? []),
  ];
  if (violations.length > 0) throw invalidFields(violations);
  return {
    ...(named.has("name") && { name }),
    ...(named.has("language") && language && { language }),
    ...(named.has("location") && location && { location }),
    ...(named.has("time_zone") && timeZone && { timeZone }),
  };
}
