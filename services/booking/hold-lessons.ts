import type { Transaction } from "../runtime/database.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import type { DomainError } from "../runtime/errors.ts";
import type { Lesson } from "./lesson.ts";
import { lockTrainers } from "./lock-queries.ts";
import { findOverDailyLimit, findStudentClashes, findTrainerClashes } from "./move-queries.ts";
import { studentTaken, trainerNotEligible } from "./move-refusals.ts";

/**
 * Writes lessons when their trainers, and their student where the times change, are free for them; refuses otherwise,
 * and then what it wrote must be rolled back. Students and purchases are locked by then; the trainers, also those who
 * are freed, it locks itself.
 */
export async function holdLessons(
  tx: Transaction,
  lessons: readonly Lesson[],
  {
    freed,
    timesChange,
    save,
  }: {
    freed: string[];
    timesChange: boolean;
    save: (tx: Transaction, lessons: readonly Lesson[]) => Promise<unknown>;
  },
): Promise<void> {
  await lockTrainers(tx, [...freed, ...lessons.map(({ trainer }) => trainer.trainerId)]);

  const [first] = lessons;
  if (timesChange && first) {
    const clashes = await findStudentClashes(tx, lessons, first.session.studentId);
    if (clashes.length > 0) throw studentTaken(localTimes(lessons, clashes));
  }
  const clashes = await findTrainerClashes(tx, lessons);
  const busy = lessons[clashes[0]?.number ?? -1];
  if (busy) {
    const ofTrainer = clashes.filter(({ number }) => lessons[number]?.trainer === busy.trainer);
    const times = localTimes(
      [busy],
      ofTrainer.map(({ startTime }) => startTime),
    );
    const clashingSessionCount = new Set(ofTrainer.map(({ number }) => number)).size;
    throw trainerNotEligible(busy, { reason: "busy", clashingSessionCount }, times);
  }

  await save(tx, lessons).catch((error: unknown) => {
    throw clashOf(error, lessons) ?? error;
  });

  const over = await findOverDailyLimit(tx, lessons);
  const overworked = lessons[over[0] ?? -1];
  if (overworked) {
    const count = over.filter((number) => lessons[number]?.trainer === overworked.trainer).length;
    throw trainerNotEligible(overworked, { reason: "daily_limit", clashingSessionCount: count });
  }
}

/** Two lessons of one request that clash with each other, which only the constraints see. */
function clashOf(error: unknown, lessons: readonly Lesson[]): DomainError | null {
  const [lesson] = lessons;
  const constraint = constraintOf(error);
  if (constraint === null || !lesson) return null;
  if (constraint === "student_claim_overlap") return studentTaken([]);
  return trainerNotEligible(lesson, { reason: "busy", clashingSessionCount: 1 });
}

function localTimes([lesson]: readonly Lesson[], instants: readonly Temporal.Instant[]): string[] {
  const timeZone = lesson?.session.timeZone ?? "UTC";
  const texts = instants.map((instant) =>
    instant.toZonedDateTimeISO(timeZone).toPlainDateTime().toString({ smallestUnit: "minute" }),
  );
  return [...new Set(texts)];
}
