import { LRUCache } from "lru-cache";
import type { SearchFunnel } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";

/** Who may teach one course for one operator: at least everybody who does, when it is complete. */
export interface Roster {
  readonly courseId: string;
  readonly operatorId: string;
  readonly trainerIds: Set<string>;
  /** When all of them were listed; null when they never were, or are too many to be kept. */
  listedMs: number | null;
  /** What the last search said about all operators, and when. */
  active: number;
  othersTeachCourse: number;
  countedMs: number;
}

export interface Rosters {
  find(courseId: string, operatorId: string): Roster | undefined;
  /** The roster with what a search has just found. */
  found(courseId: string, operatorId: string, found: { trainerIds: string[]; funnel: SearchFunnel }): Roster;
  /** The trainer may have come to teach for the operator. Tells whether it is on any roster now. */
  add(operatorId: string, trainerId: string): boolean;
}

/** Beyond it a search by the trainer service costs less than looking through all here; it finds no more than that. */
export const ROSTER_SIZE = 1000;
const MAX_ROSTERS = 500;

/** Rosters by course and operator, in bounded memory: 500 of them with some more than a thousand ids each. */
export function rosters(nowMs: () => number): Rosters {
  const kept = new LRUCache<string, Roster>({ max: MAX_ROSTERS });
  const keyOf = (courseId: string, operatorId: string): string => `${courseId} ${operatorId}`;

  function grow(roster: Roster, trainerIds: string[]): void {
    for (const trainerId of trainerIds) {
      if (roster.trainerIds.has(trainerId)) continue;
      if (roster.trainerIds.size >= 2 * ROSTER_SIZE) {
        roster.listedMs = null;
        return;
      }
      roster.trainerIds.add(trainerId);
    }
  }

  return {
    find: (courseId, operatorId) => kept.get(keyOf(courseId, operatorId)),
    found(courseId, operatorId, { trainerIds, funnel }) {
      const key = keyOf(courseId, operatorId);
      const counted = {
        active: funnel.active,
        othersTeachCourse: funnel.teachCourse - funnel.sameOperator,
        countedMs: nowMs(),
      };
      const known = kept.get(key);
      const roster = known
        ? Object.assign(known, counted)
        : { courseId, operatorId, trainerIds: new Set<string>(), listedMs: null, ...counted };
      grow(roster, trainerIds);
      kept.set(key, roster);
      return roster;
    },
    add(operatorId, trainerId) {
      let listed = false;
      for (const roster of kept.values()) {
        if (roster.operatorId !== operatorId) continue;
        grow(roster, [trainerId]);
        listed ||= roster.trainerIds.has(trainerId);
      }
      return listed;
    },
  };
}
