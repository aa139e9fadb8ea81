import { dateViolations } from "../runtime/dates.ts";
import { DomainError, type FieldViolation } from "../runtime/errors.ts";

/** As many as an import may list. */
const MOST = 100;

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

/** Refuses a trainer with more qualifications than are told at once. */
export function mayHoldQualifications({
  trainerId,
  qualifications,
}: {
  trainerId: string;
  qualifications: readonly Qualification[];
}): void {
  if (qualifications.length <= MOST) return;
  const message = `A trainer holds at most ${MOST} qualifications: revoke others first.`;
  throw new DomainError("precondition", "TOO_MANY_QUALIFICATIONS", message, { metadata: { trainer_id: trainerId } });
}
