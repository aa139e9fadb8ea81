import type { Attempt } from "./attempt.ts";
import { assignmentNotPossible, studentAlreadyBooked } from "./booking-refusals.ts";
import type { BookingDeps } from "./deps.ts";
import { findDiaries } from "./diary-queries.ts";
import { trainerMissing } from "./move-refusals.ts";
import type { Terms } from "./shortlist.ts";
import { MARGIN_MS, rankTeam, type Team, takenFromStudent, teamOf, teamWorkloads, trainersOf } from "./team.ts";
import { trainersUnavailable } from "./trainer-directory.ts";

/**
 * The trainers whom the attempt names, read fresh: one call, one round trip to the database. `attempt.judged` then tells
 * what was found. Refuses when one of them cannot give all that is assigned to it.
 */
export async function findTeam({ db, trainers }: BookingDeps, attempt: Attempt, { zone }: Terms): Promise<Team> {
  const { studentId, courseId, location, slots, assignments } = attempt;
  const { operatorId } = zone;
  const trainerIds = trainersOf(assignments);
  const { candidates, ageMs } = await trainers.read(trainerIds);
  const byId = new Map(candidates.map((candidate) => [candidate.trainerId, candidate]));
  const team = trainerIds.map((trainerId) => {
    const candidate = byId.get(trainerId);
    if (candidate?.operatorId === operatorId) return candidate;
    throw ageMs === null || candidate ? trainerMissing(trainerId) : trainersUnavailable();
  });

  const [first, last] = [slots[0]?.startTime, slots.at(-1)?.endTime];
  if (!first || !last) throw new TypeError("a purchase without sessions");
  const margin = { milliseconds: MARGIN_MS };
  const period = { from: first.subtract(margin), until: last.add(margin) };
  const diaries = await findDiaries(db, { operatorId, studentId, trainerIds, ...period });
  const taken = takenFromStudent(slots, diaries);
  attempt.studentClashes = taken.map(({ sequence }) => sequence);
  if (taken.length > 0) throw studentAlreadyBooked(taken);

  const wish = { courseId, operatorId, location, slots };
  const workloads = teamWorkloads(wish, assignments, team, diaries);
  const ranking = rankTeam(wish, assignments, team, workloads);
  attempt.judged = { funnel: null, search: null, ranking, workloads, gone: new Set(), directoryAgeMs: ageMs };
  if (ranking.removed.length > 0) throw assignmentNotPossible(ranking.removed);
  return teamOf(assignments, ranking.ranked, slots);
}
