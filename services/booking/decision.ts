import type { MessageInitShape } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  type CandidateSchema,
  type DecisionSchema,
  Removal as RemovalProto,
} from "../../gen/cadre/booking/v1/decision_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import type { Removal } from "./eligibility.ts";
import type { SearchCounts } from "./match-wish.ts";
import type { Ranking, Workload } from "./ranking.ts";

export const REMOVALS: Record<Removal["reason"] | "taken_meanwhile", RemovalProto> = {
  not_active: RemovalProto.NOT_ACTIVE,
  not_qualified: RemovalProto.NOT_QUALIFIED,
  too_far: RemovalProto.TOO_FAR,
  outside_working_hours: RemovalProto.OUTSIDE_WORKING_HOURS,
  on_time_off: RemovalProto.ON_TIME_OFF,
  busy: RemovalProto.BUSY,
  daily_limit: RemovalProto.DAILY_LIMIT,
  taken_meanwhile: RemovalProto.TAKEN_MEANWHILE,
};

const removalReason = z.enum([
  "not_active",
  "not_qualified",
  "too_far",
  "outside_working_hours",
  "on_time_off",
  "busy",
  "daily_limit",
]);

const funnel = z.object({
  active: z.number(),
  teachCourse: z.number(),
  sameOperator: z.number(),
  qualifiedOnEveryDate: z.number(),
  reachLocation: z.number(),
  workAtEveryTime: z.number(),
  freeOnEverySession: z.number(),
  lookedAt: z.number().default(0),
});

/** What a decision rests on, as tuples, since there may be a thousand candidates. Older decisions are stored so. */
export const decisionDocument = z.object({
  inputs: z.object({
    studentId: z.string(),
    courseId: z.string(),
    location: z.object({ latitude: z.number(), longitude: z.number() }),
    zoneId: z.string().nullable(),
    /** Milliseconds since the epoch. */
    startTimesMs: z.array(z.number()),
    sessionMinutes: z.number(),
  }),
  funnel: funnel.nullable(),
  /** Best first: id, version, distance in meters, score. */
  ranked: z.array(z.tuple([z.string(), z.number(), z.number().nullable(), z.number().nullable()])),
  /** By id: id, version, distance in meters, reason, clashing sessions. */
  removed: z.array(z.tuple([z.string(), z.number(), z.number().nullable(), removalReason, z.number()])),
  /** Where the trainer service did not answer: how old what was known of the trainers was. */
  directoryAgeMs: z.number().optional(),
});

export type DecisionDocument = z.output<typeof decisionDocument>;
export type Funnel = z.output<typeof funnel>;

export interface Decision {
  decisionId: string;
  purchaseId: string | null;
  operatorId: string;
  refusalReason: string | null;
  trainerId: string | null;
  takenTrainerIds: string[];
  document: DecisionDocument;
  /** A DecisionRecord, byte for byte; null for those that were stored as documents. */
  record: Buffer | null;
  createTime: Temporal.Instant;
}

/** What a decision came to, and from what. */
export interface Judged {
  /** Null where trainers were assigned by name: nobody was searched for. */
  funnel: Funnel | null;
  search: SearchCounts | null;
  ranking: Ranking;
  workloads: Map<string, Workload>;
  /** Who had left the directory when looked at again. */
  gone: ReadonlySet<string>;
  /** How old what it knew of the trainers was; null when that was read for it. */
  directoryAgeMs: number | null;
}

export function reasonsOf({ removed }: Ranking): Removal["reason"][] {
  return removed.map(({ removal }) => removal.reason);
}

export function judgedBy(
  search: SearchCounts,
  ranking: Ranking,
  rest: Pick<Judged, "workloads" | "gone" | "directoryAgeMs">,
): Judged & { funnel: Funnel } {
  return { funnel: funnelOf(search, ranking.ranked.length, reasonsOf(ranking)), search, ranking, ...rest };
}

/** The search's conditions, and after them those that the schedule and the claims decide. */
export function funnelOf(search: SearchCounts, ranked: number, removals: Removal["reason"][]): Funnel {
  const lost = (...reasons: Removal["reason"][]): number =>
    removals.filter((reason) => reasons.includes(reason)).length;
  const notThere = lost("not_active", "not_qualified", "too_far");
  const lookedAt = ranked + removals.length - notThere;
  return {
    active: search.active,
    teachCourse: search.teachCourse,
    sameOperator: search.sameOperator,
    qualifiedOnEveryDate: search.qualifiedOnEveryDate,
    reachLocation: search.reachPoint - notThere,
    workAtEveryTime: lookedAt - lost("outside_working_hours", "on_time_off"),
    freeOnEverySession: ranked,
    lookedAt,
  };
}

export function decisionToProto(decision: Decision): MessageInitShape<typeof DecisionSchema> {
  const { inputs, funnel, ranked, removed, directoryAgeMs } = decision.document;
  const taken = new Set(decision.takenTrainerIds);
  const candidates: MessageInitShape<typeof CandidateSchema>[] = [
    ...ranked.map(([trainerId, version, distanceMeters, score], index) => ({
      trainerId,
      version: BigInt(version),
      rank: index + 1,
      ...(score === null ? {} : { score }),
      ...(distanceMeters === null ? {} : { distanceMeters }),
      ...(taken.has(trainerId) ? { removal: REMOVALS.taken_meanwhile } : {}),
    })),
    ...removed.map(([trainerId, version, distanceMeters, reason, clashingSessionCount]) => ({
      trainerId,
      version: BigInt(version),
      ...(distanceMeters === null ? {} : { distanceMeters }),
      removal: REMOVALS[reason],
      clashingSessionCount,
    })),
  ];
  return {
    decisionId: decision.decisionId,
    ...(decision.purchaseId === null ? {} : { purchaseId: decision.purchaseId }),
    operatorId: decision.operatorId,
    refusalReason: decision.refusalReason ?? "",
    ...(decision.trainerId === null ? {} : { trainerId: decision.trainerId }),
    inputs: {
      studentId: inputs.studentId,
      courseId: inputs.courseId,
      location: inputs.location,
      ...(inputs.zoneId === null ? {} : { zoneId: inputs.zoneId }),
      startTimes: inputs.startTimesMs.map((ms) => timestampOf(Temporal.Instant.fromEpochMilliseconds(ms))),
      sessionMinutes: inputs.sessionMinutes,
    },
    ...(funnel === null ? {} : { funnel }),
    candidates,
    createTime: timestampOf(decision.createTime),
    ...(directoryAgeMs === undefined ? {} : { directoryAgeMs: BigInt(directoryAgeMs) }),
  };
}

/** Its trainers were not recorded, or are not kept, or its student was erased. */
export function notReplayable(decisionId: string): DomainError {
  const message = `What the decision ${decisionId} was made from is not kept.`;
  return new DomainError("precondition", "DECISION_NOT_REPLAYABLE", message);
}

export function decisionMissing(decisionId: string): DomainError {
  return new DomainError("not-found", "DECISION_NOT_FOUND", `There is no decision ${decisionId}.`);
}
