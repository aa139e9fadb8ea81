import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type ExistingTrainer, existingTrainers, identity } from "./existing.ts";
import { inParallel } from "./in-parallel.ts";
import { CONCURRENCY, employerOf, type Ids, type Loading, made } from "./loading.ts";
import type { DemoTrainer } from "./trainers.ts";

/** Trainers with what they may teach and when they are away. */
export async function loadTrainers(loading: Loading, ids: Ids): Promise<void> {
  const existing = await existingTrainers(loading.clients, loading.call);
  await inParallel(loading.company.trainers, CONCURRENCY, async (trainer) => {
    const key = identity(employerOf(trainer.franchise, ids).franchiseId, trainer.name, trainer.base);
    const known = existing.get(key) ?? (await createTrainer(loading, trainer, ids));
    loading.there(1);
    await grantQualifications(loading, trainer, known, ids);
    await addTimeOff(loading, trainer, known);
  });
}

async function createTrainer({ clients, call }: Loading, trainer: DemoTrainer, ids: Ids): Promise<ExistingTrainer> {
  const { franchise, qualifications: _, timeOff: __, ...terms } = trainer;
  const answer = await clients.trainers.createTrainer({ ...employerOf(franchise, ids), ...terms }, call);
  return { id: made(answer.trainer?.trainerId), courses: new Set(), isAway: false };
}

/** One after the other: each is a new version of the trainer. */
async function grantQualifications(
  { clients, call, there }: Loading,
  { qualifications }: DemoTrainer,
  { id, courses }: ExistingTrainer,
  ids: Ids,
): Promise<void> {
  for (const { course, ...terms } of qualifications) {
    const courseId = made(ids.courses.get(course));
    if (!courses.has(courseId)) {
      await clients.trainers.grantQualification({ trainerId: id, courseId, ...terms }, call);
    }
    there(1);
  }
}

async function addTimeOff(
  { clients, call, there }: Loading,
  { timeOff }: DemoTrainer,
  { id, isAway }: ExistingTrainer,
): Promise<void> {
  for (const { start, end, ...terms } of timeOff) {
    if (!isAway) {
      const startTime = timestampFromMs(start.epochMilliseconds);
      const endTime = timestampFromMs(end.epochMilliseconds);
      await clients.trainers.addTimeOff({ trainerId: id, startTime, endTime, ...terms }, call);
    }
    there(1);
  }
}
