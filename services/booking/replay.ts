import type { DecisionRecord } from "../../gen/cadre/booking/v1/decision_record_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { assignmentNotPossible, noTrainerAvailable } from "./booking-refusals.ts";
import type { Candidate } from "./candidate.ts";
import { courseMissing } from "./course.ts";
import { type Judged, judgedBy } from "./decision.ts";
import { type DecisionFacts, recordOf } from "./decision-record.ts";
import { closedOnHolidays } from "./public-holidays.ts";
import { rank, type Workload } from "./ranking.ts";
import { type RecordedCandidate, recordedCandidates, recordedFacts } from "./read-record.ts";
import { readSchedule } from "./read-schedule.ts";
import { expand } from "./schedule.ts";
import { studentMissing } from "./student.ts";
import { checkAssignments, rankTeam, teamOf, trainersOf } from "./team.ts";
import { noZoneCovers } from "./zone.ts";

/** What a decision is made from beside its record. */
export interface Then {
  /** In the versions recorded. */
  trainers: Map<string, Candidate>;
  /** Who was booked by somebody else between the look and the booking. */
  takenTrainerIds: string[];
  now: Temporal.Instant;
}

export interface Replayed {
  refusalReason: string | null;
  trainerId: string | null;
  record: DecisionRecord;
}

/** Decides once more. The same arguments give the same decision, whatever has become of the world. */
export async function replay(record: DecisionRecord, then: Then): Promise<Replayed> {
  const facts = recordedFacts(record);
  facts.judged = judgeAgain(record, facts, then.trainers);
  try {
    const trainerId = await decide(record, facts, then);
    return { refusalReason: null, trainerId, record: recordOf(facts, null) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { refusalReason: error.reason, trainerId: null, record: recordOf(facts, error.reason) };
  }
}

/** In the order of a booking. */
async function decide(record: DecisionRecord, facts: DecisionFacts, { takenTrainerIds, now }: Then): Promise<string> {
  const { course, zone, judged, assignments } = facts;
  if (!facts.studentExists) throw studentMissing(facts.studentId);
  if (!course) throw courseMissing(facts.courseId);
  if (!zone) throw noZoneCovers(facts.location);
  if (facts.slots.length === 0) {
    const schedule = await closedOnHolidays(readSchedule(facts.schedule), zone, now);
    facts.slots = expand(schedule, course, zone.timeZone, now);
  }
  checkAssignments(assignments, course.sessionCount);
  if (facts.studentClashes.length > 0) throw studentWasTaken();
  if (record.fact !== "") throw new DomainError("precondition", record.fact, "It was so.");

  const { ranked = [], removed = [] } = judged?.ranking ?? {};
  const isNamed = judged !== null && judged.search === null && assignments.length === 0;
  if (assignments.length > 0) {
    if (removed.length > 0) throw assignmentNotPossible(removed);
    return teamOf(assignments, ranked, facts.slots).lead.candidate.trainerId;
  }
  const chosen = ranked.find(({ candidate }) => !takenTrainerIds.includes(candidate.trainerId));
  if (chosen) return chosen.candidate.trainerId;
  if (isNamed) throw new DomainError("precondition", "TRAINER_NOT_ELIGIBLE", "The trainer who was named could not.");
  throw judged?.funnel ? noTrainerAvailable(judged.funnel, course.sessionCount) : studentWasTaken();
}

function judgeAgain(record: DecisionRecord, facts: DecisionFacts, trainers: Map<string, Candidate>): Judged | null {
  const { search, directoryAgeMs } = record;
  const recorded = recordedCandidates(record);
  if (!facts.zone || (!search && recorded.length === 0)) return null;
  const gone = new Set(recorded.filter((one) => one.gone).map(({ trainerId }) => trainerId));
  const candidates = recorded
    .flatMap(({ trainerId }) => trainers.get(trainerId) ?? [])
    .map((candidate) => (gone.has(candidate.trainerId) ? { ...candidate, active: false } : candidate));
  const workloads = new Map(recorded.map((one) => [one.trainerId, workloadOf(one)]));
  const rest = { workloads, gone, directoryAgeMs: directoryAgeMs === undefined ? null : Number(directoryAgeMs) };
  const { courseId, location, slots, assignments } = facts;
  const wish = { courseId, operatorId: facts.zone.operatorId, location, slots };
  if (search) return judgedBy(search, rank(wish, candidates, workloads), rest);

  // Whether somebody who was named was free was seen under the locks alone.
  if (assignments.length === 0) {
    return { funnel: null, search: null, ranking: rank(wish, candidates, new Map()), ...rest, workloads: new Map() };
  }
  const byId = new Map(candidates.map((candidate) => [candidate.trainerId, candidate]));
  const team = trainersOf(assignments).flatMap((trainerId) => byId.get(trainerId) ?? []);
  return { funnel: null, search: null, ranking: rankTeam(wish, assignments, team, workloads), ...rest };
}

/** What the claims said, as far as anything came of it. */
function workloadOf({ trainerId, reason, ...recorded }: RecordedCandidate): Workload {
  return {
    trainerId,
    bookedSessionCount: recorded.bookedSessionCount,
    clashingSessionCount: reason === "busy" ? recorded.clashingSessionCount : 0,
    overDailyLimit: reason === "daily_limit" ? recorded.clashingSessionCount : null,
    taughtBefore: recorded.taughtBefore,
  };
}

function studentWasTaken(): DomainError {
  return new DomainError("precondition", "STUDENT_ALREADY_BOOKED", "The student had other lessons.");
}
