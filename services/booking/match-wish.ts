import type { Candidate } from "./candidate.ts";
import { datesOf, isQualifiedFrom, momentOf, reaches, type Wish } from "./eligibility.ts";

/** How many trainers each condition of a search left over. */
export interface SearchCounts {
  active: number;
  teachCourse: number;
  sameOperator: number;
  qualifiedOnEveryDate: number;
  reachPoint: number;
}

/** What a search finds among trainers who are known. */
export interface Matches extends Pick<SearchCounts, "sameOperator" | "qualifiedOnEveryDate" | "reachPoint"> {
  candidates: Candidate[];
}

/** Whom a search of the trainer service would find for the wish among these, and how many each condition leaves over. */
export function matchWish(wish: Wish, trainers: Candidate[]): Matches {
  const dates = datesOf(wish.slots.map(momentOf));
  const teaching = trainers.filter((candidate) => teaches(candidate, wish));
  const qualified = teaching.filter((candidate) => isQualifiedFrom(candidate, wish.courseId, dates));
  const candidates = qualified.filter((candidate) => reaches(candidate, wish.location));
  return {
    candidates,
    sameOperator: teaching.length,
    qualifiedOnEveryDate: qualified.length,
    reachPoint: candidates.length,
  };
}

/** Whether the trainer is active, with the operator, and holds a qualification for the course, whatever its dates. */
export function teaches(
  { active, operatorId, qualifications }: Candidate,
  wanted: { courseId: string; operatorId: string },
): boolean {
  if (!active || operatorId !== wanted.operatorId) return false;
  return qualifications.some(({ courseId }) => courseId === wanted.courseId);
}
