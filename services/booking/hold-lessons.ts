import type { Transaction } from "../runtime/database.ts";
import type { Lesson } from "./lesson.ts";
import { lockTrainers } from "./lock-queries.ts";
import { type Clash, findOverDailyLimit, findStudentClashes, findTrainerClashes } from "./move-queries.ts";
import { studentTaken, trainerNotEligible } from "./move-refusals.ts";
import { byStartTime, type Session } from "./session.ts";

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
    if (clashes.length > 0) throw studentTaken(wishedTimes(lessons, clashes), clashTimes(first, clashes));
  }
  const clashes = [...clashesAmong(lessons), ...(await findTrainerClashes(tx, lessons))];
  const busy = lessons[clashes[0]?.number ?? -1];
  if (busy) {
    const ofPurchase = clashes.filter(({ number }) => isBeside(busy, lessons[number]));
    const clashingSessionCount = new Set(ofPurchase.map(({ number }) => number)).size;
    throw trainerNotEligible(busy, { reason: "busy", clashingSessionCount }, clashTimes(busy, ofPurchase));
  }

  await save(tx, lessons);

  const over = await findOverDailyLimit(tx, lessons);
  const overworked = lessons[over[0] ?? -1];
  if (overworked) {
    const count = over.filter((number) => isBeside(overworked, lessons[number])).length;
    throw trainerNotEligible(overworked, { reason: "daily_limit", clashingSessionCount: count });
  }
}

/** Which of the lessons begin before their trainer is done with another of them: the number of each, and when that starts. */
function clashesAmong(lessons: readonly Lesson[]): Clash[] {
  const numbered = lessons.map((lesson, number) => ({ ...lesson, number }));
  return [...Map.groupBy(numbered, ({ trainer }) => trainer.trainerId).values()].flatMap((ofTrainer) => {
    const inOrder = ofTrainer.toSorted((a, b) => byStartTime(a.session, b.session));
    return inOrder.flatMap(({ session, number }, index) => {
      const before = inOrder[index - 1];
      if (!before || !isTooClose(before, session)) return [];
      return { number, startTime: before.session.startTime };
    });
  });
}

/** Whether both are of one purchase, which has one trainer here. */
function isBeside({ session }: Lesson, other: Lesson | undefined): boolean {
  return other?.session.purchaseId === session.purchaseId;
}

function isTooClose({ session, trainer }: Lesson, next: Session): boolean {
  const free = session.endTime.add({ minutes: trainer.bufferMinutes });
  return Temporal.Instant.compare(next.startTime, free) < 0;
}

/** When those of the lessons start that clash with something. */
function wishedTimes(lessons: readonly Lesson[], clashes: readonly Clash[]): string[] {
  const numbers = new Set(clashes.map(({ number }) => number));
  return lessons.filter((_, number) => numbers.has(number)).map(({ session }) => minuteOf(session.localStartTime));
}

/** When what they clash with starts, by the lesson's clock. */
function clashTimes({ session }: Lesson, clashes: readonly Clash[]): string[] {
  const times = clashes.map(({ startTime }) =>
    minuteOf(startTime.toZonedDateTimeISO(session.timeZone).toPlainDateTime()),
  );
  return [...new Set(times)];
}

function minuteOf(local: Temporal.PlainDateTime): string {
  return local.toString({ smallestUnit: "minute" });
}
