import type { Attempt } from "./attempt.ts";
import type { FactsToHold } from "./book-commands.ts";
import type { CourseFacts, findFacts } from "./book-queries.ts";
import type { BookingDeps } from "./deps.ts";
import type { Visible } from "./operator.ts";
import type { Zone } from "./zone.ts";

/** What a booking rests on before trainers are looked at, as this process remembers it. */
export interface RememberedFacts extends FactsToHold {
  course: CourseFacts;
  zone: Zone;
  /** What the zones were at when it was so. */
  zonesVersion: number;
}

/** What was found out instead. */
export type Facts = Awaited<ReturnType<typeof findFacts>>;

/** What was remembered is not so any more: the booking has to look again. */
export class OutdatedFacts extends Error {
  override readonly name = "OutdatedFacts";
}

/**
 * Null where something is not known, or would be refused. The database says in the statement that books whether it is
 * still so; on the word of a memory nobody is refused anything.
 */
export function recallFacts(
  { courses, zones }: Pick<BookingDeps, "courses" | "zones">,
  { courseId, location, assignments }: Attempt,
  visible: Visible,
): RememberedFacts | null {
  const course = courses.recall(courseId);
  const advice = zones.locate(location);
  if (!course || !advice?.located || assignments.length > 0) return null;
  const { zone } = advice.located;
  if (visible.of === "operator" && visible.operatorId !== zone.operatorId) return null;
  return { course, zone, zonesVersion: advice.version };
}

/** Whether a booking would have come as far with what was found out. */
export function isAsRemembered(
  { course, zone }: RememberedFacts,
  { studentExists, course: found, zone: located }: Facts,
): boolean {
  return (
    studentExists &&
    found?.name === course.name &&
    found.sessionCount === course.sessionCount &&
    found.sessionMinutes === course.sessionMinutes &&
    located?.zoneId === zone.zoneId &&
    located.version === zone.version
  );
}
