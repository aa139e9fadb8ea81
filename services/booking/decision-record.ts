import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Removal as RemovalProto } from "../../gen/cadre/booking/v1/decision_pb.ts";
import {
  type DecisionRecord,
  DecisionRecordSchema,
  type RecordedCandidatesSchema,
} from "../../gen/cadre/booking/v1/decision_record_pb.ts";
import type { Attempt } from "./attempt.ts";
import { type Judged, REMOVALS } from "./decision.ts";
import type { Ranked, Removed } from "./ranking.ts";
import { bytesOfId } from "./recorded-id.ts";
import { timesOf } from "./slot.ts";

/** Beyond it a decision tells who and why, and leaves how far away to a replay. */
const DISTANCES = 100;
const MINUTE_MS = 60_000;

/** Of a booking, what a decision on it may depend on. */
export type DecisionFacts = Omit<Attempt, "course" | "zone" | "found"> & {
  course: { sessionCount: number; sessionMinutes: number } | null;
  zone: { zoneId: string; operatorId: string; timeZone: string; countryCode: string; regionCode: string } | null;
};

/** The record in base64. */
export function newRecord(facts: DecisionFacts, reason: string | null): string {
  return Buffer.from(toBinary(DecisionRecordSchema, recordOf(facts, reason))).toString("base64");
}

/** What a decision came to and what it was made from; `reason` is null for an assignment. The same facts, the same bytes. */
export function recordOf(facts: DecisionFacts, reason: string | null): DecisionRecord {
  const { schedule, course, zone, slots, judged } = facts;
  const times = slots.map(timesOf);
  const starts = times.map(({ startMs }) => startMs / MINUTE_MS);
  const ahead = times.map(({ startMs, localMs }) => (localMs - startMs) / MINUTE_MS);
  return create(DecisionRecordSchema, {
    studentId: bytesOfId(facts.studentId),
    courseId: bytesOfId(facts.courseId),
    location: facts.location,
    ...(schedule && { schedule }),
    assignments: facts.assignments,
    studentExists: facts.studentExists,
    ...(course && { course: { sessionCount: course.sessionCount, sessionMinutes: course.sessionMinutes } }),
    ...(zone && {
      zone: {
        zoneId: bytesOfId(zone.zoneId),
        operatorId: bytesOfId(zone.operatorId),
        timeZone: zone.timeZone,
        countryCode: zone.countryCode,
        regionCode: zone.regionCode,
      },
    }),
    startMinutes: stepsOf(starts).map(BigInt),
    aheadMinutes: stepsOf(ahead),
    studentClashes: facts.studentClashes,
    fact: isFact(reason, facts) ? (reason ?? "") : "",
    ...(judged && judgedParts(judged)),
  });
}

/** Each number as what it is more than the one before. */
function stepsOf(numbers: number[]): number[] {
  return numbers.map((number, index) => number - (numbers[index - 1] ?? 0));
}

/** What neither the inputs nor the trainers say. */
function isFact(reason: string | null, { studentClashes }: DecisionFacts): boolean {
  return reason === "TRAINER_NOT_FOUND" || (reason === "STUDENT_ALREADY_BOOKED" && studentClashes.length === 0);
}

function judgedParts({ search, ranking, workloads, gone, directoryAgeMs }: Judged) {
  const { ranked, removed } = ranking;
  const groups = new Map<string, Removed[]>();
  for (const one of removed) groups.getOrInsert(`${one.removal.reason} ${gone.has(idOf(one))}`, []).push(one);
  const inOrder = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const distances = [...ranked, ...inOrder.flat()].slice(0, DISTANCES);
  return {
    ...(search && {
      search: {
        active: search.active,
        teachCourse: search.teachCourse,
        sameOperator: search.sameOperator,
        qualifiedOnEveryDate: search.qualifiedOnEveryDate,
        reachPoint: search.reachPoint,
      },
    }),
    candidates: [
      ...(ranked.length > 0 ? [rankedGroup(ranked, workloads)] : []),
      ...inOrder.map((g) => removedGroup(g, gone)),
    ],
    distanceMillimeters: distances.map(({ distanceMeters }) => BigInt(Math.round(distanceMeters * 1000))),
    ...(directoryAgeMs === null ? {} : { directoryAgeMs: BigInt(Math.ceil(directoryAgeMs)) }),
  };
}

function rankedGroup(
  ranked: Ranked[],
  workloads: Judged["workloads"],
): MessageInitShape<typeof RecordedCandidatesSchema> {
  return {
    removal: RemovalProto.UNSPECIFIED,
    ...identities(ranked),
    bookedSessionCounts: ranked.map((one) => workloads.get(idOf(one))?.bookedSessionCount ?? 0),
    taughtBefore: ranked.flatMap((one, index) => (workloads.get(idOf(one))?.taughtBefore ? [index] : [])),
  };
}

function removedGroup(group: Removed[], gone: Judged["gone"]): MessageInitShape<typeof RecordedCandidatesSchema> {
  const [first] = group;
  return {
    removal: first ? REMOVALS[first.removal.reason] : RemovalProto.UNSPECIFIED,
    gone: first !== undefined && gone.has(idOf(first)),
    ...identities(group),
    clashingSessionCounts: group.map(({ removal }) => removal.clashingSessionCount),
  };
}

function identities(group: (Ranked | Removed)[]) {
  return {
    trainerIds: Buffer.concat(group.map((one) => bytesOfId(idOf(one)))),
    versions: group.map(({ candidate }) => BigInt(candidate.version)),
  };
}

function idOf({ candidate }: Ranked | Removed): string {
  return candidate.trainerId;
}
