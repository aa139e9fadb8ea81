import type { DomainError } from "../runtime/errors.ts";
import { findAvailability } from "./availability.ts";
import { noTrainerAvailable } from "./booking-refusals.ts";
import type { Candidate } from "./candidate.ts";
import { type Judged, judgedBy } from "./decision.ts";
import type { BookingDeps } from "./deps.ts";
import { judge, type Wish } from "./eligibility.ts";
import { trainerMissing, trainerNotEligible } from "./move-refusals.ts";
import { type Ranking, rank, type Workload } from "./ranking.ts";
import { SHORTLIST } from "./shortlist.ts";
import { type TrainerDirectory, trainersUnavailable } from "./trainer-directory.ts";

/** Who shall hold the lessons of a wish, by what the directory says now: the best first. */
export interface Choice {
  shortlist: Candidate[];
  /** Null where it did not come to that. */
  judged: Judged | null;
  /** Why nobody of the shortlist could, if that is so. */
  refusal: DomainError | null;
}

/** Trainers who were named, as they are now. */
export interface Named {
  trainers: Map<string, Candidate>;
  /** How old that is where the directory does not answer. */
  ageMs: number | null;
}

const NOBODY: Named = { trainers: new Map(), ageMs: null };

/** One read for all. */
export async function readNamed(directory: TrainerDirectory, trainerIds: string[]): Promise<Named> {
  if (trainerIds.length === 0) return NOBODY;
  const { candidates, ageMs } = await directory.read([...new Set(trainerIds)]);
  return { trainers: new Map(candidates.map((candidate) => [candidate.trainerId, candidate])), ageMs };
}

/** One of the named, of whichever operator. */
export function getTrainer({ trainers, ageMs }: Named, trainerId: string): Candidate {
  const trainer = trainers.get(trainerId);
  if (trainer) return trainer;
  throw ageMs === null ? trainerMissing(trainerId) : trainersUnavailable();
}

/** One of the named, who must be the operator's: others' are not to be known of. */
export function getTrainerOf(operatorId: string, named: Named, trainerId: string): Candidate {
  const trainer = getTrainer(named, trainerId);
  if (trainer.operatorId !== operatorId) throw trainerMissing(trainerId);
  return trainer;
}

/** Whether the named trainer may hold the lessons; that it is free is seen under the locks alone. */
export function chooseNamed(wish: Wish, named: Named, trainerId: string): Choice {
  return chooseOne(wish, getTrainerOf(wish.operatorId, named, trainerId), named.ageMs);
}

/** The same of somebody who is known. */
export function chooseOne(wish: Wish, trainer: Candidate, directoryAgeMs: number | null): Choice {
  const removal = judge(wish)(trainer);
  return {
    shortlist: removal ? [] : [trainer],
    judged: {
      funnel: null,
      search: null,
      ranking: rank(wish, [trainer], new Map()),
      workloads: new Map(),
      gone: new Set(),
      directoryAgeMs,
    },
    refusal: removal && trainerNotEligible({ trainer, location: wish.location }, removal),
  };
}

/** The best of those whom the directory finds now, but for `except`. */
export async function chooseBest(
  { db, trainers, claims }: Pick<BookingDeps, "db" | "trainers" | "claims">,
  wish: Wish,
  { studentId, except, now }: { studentId: string; except: ReadonlySet<string>; now: Temporal.Instant },
): Promise<Choice> {
  let found = await trainers.searchNow(wish);
  const workloads = new Map<string, Workload>();
  let ranking: Ranking;
  for (;;) {
    const candidates = found.candidates.filter(({ trainerId }) => !except.has(trainerId));
    const unknown = candidates.filter(({ trainerId }) => !workloads.has(trainerId));
    const availability = await findAvailability({ db, claims }, { ...wish, studentId, candidates: unknown, now });
    for (const workload of availability.workloads) workloads.set(workload.trainerId, workload);
    ranking = rank(wish, candidates, workloads);
    const farther = ranking.ranked.length === 0 && (await trainers.searchFarther(wish, found));
    if (!farther) break;
    found = farther;
  }
  if (ranking.ranked.length === 0 && !found.complete) throw trainersUnavailable();

  const directoryAgeMs = found.source === "outage" ? found.ageMs : null;
  const judged = judgedBy(found.funnel, ranking, { workloads, gone: new Set(), directoryAgeMs });
  return {
    shortlist: ranking.ranked.slice(0, SHORTLIST).map(({ candidate }) => candidate),
    judged,
    refusal: noTrainerAvailable(judged.funnel, wish.slots.length),
  };
}
