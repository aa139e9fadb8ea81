import { dateViolations } from "../runtime/dates.ts";
import { DomainError, type FieldViolation } from "../runtime/errors.ts";

/** The right to teach a course, both dates inclusive; without an end when `untilDate` is null. */
export interface Qualification {
  courseId: string;
  fromDate: string;
  untilDate: string | null;
}

export function qualificationViolations({ fromDate, untilDate }: Qualification): FieldViolation[] {
  const unreal = [
    ...dateViolations("from_date", fromDate),
    ...(untilDate === null ? [] : dateViolations("until_date", untilDate)),
  ];
  if (unreal.length > 0 || untilDate === null || untilDate >= fromDate) return unreal;
  return [{ path: "until_date", message: "must not be before from_date" }];
}

export function qualificationMissing(trainerId: string, courseId: string): DomainError {
  const message = `The trainer ${trainerId} holds no qualification for the course ${courseId}.`;
  return new DomainError("not-found", "QUALIFICATION_NOT_FOUND", message, {
    metadata: { trainer_id: trainerId, course_id: courseId },
  });
}
