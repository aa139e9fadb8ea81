import type { DecisionRecord } from "../../gen/cadre/booking/v1/decision_record_pb.ts";
import { type DecisionDocument, funnelOf, REMOVALS } from "./decision.ts";
import type { DecisionFacts } from "./decision-record.ts";
import type { Removal } from "./eligibility.ts";
import { score } from "./ranking.ts";
import { idsOf } from "./recorded-id.ts";
import { type Slot, slotOf } from "./slot.ts";

const MINUTE_MS = 60_000;

const REASONS = new Map(Object.entries(REMOVALS).map(([reason, removal]) => [removal, reason as Removal["reason"]]));

/** A candidate as it was recorded: `reason` is null for one who was ranked. */
export interface RecordedCandidate {
  trainerId: string;
  version: number;
  reason: Removal["reason"] | null;
  gone: boolean;
  bookedSessionCount: number;
  taughtBefore: boolean;
  clashingSessionCount: number;
  distanceMeters: number | null;
}

/** What was known and wished for; what was judged is not part of it. */
export function recordedFacts(record: DecisionRecord): DecisionFacts {
  const { course, zone, location, schedule } = record;
  return {
    studentId: idOf(record.studentId),
    courseId: idOf(record.courseId),
    location: { latitude: location?.latitude ?? 0, longitude: location?.longitude ?? 0 },
    schedule,
    assignments: record.assignments.map(({ trainerId, fromSequence }) => ({ trainerId, fromSequence })),
    studentExists: record.studentExists,
    course: course ?? null,
    zone: zone ? { ...zone, zoneId: idOf(zone.zoneId), operatorId: idOf(zone.operatorId) } : null,
    slots: recordedSlots(record),
    studentClashes: record.studentClashes,
    judged: null,
  };
}

/** In the order recorded. */
export function recordedCandidates({ candidates, distanceMillimeters }: DecisionRecord): RecordedCandidate[] {
  const all = candidates.flatMap((group) => {
    const taughtBefore = new Set(group.taughtBefore);
    return idsOf(group.trainerIds).map((trainerId, index) => ({
      trainerId,
      version: Number(group.versions[index] ?? 0n),
      reason: REASONS.get(group.removal) ?? null,
      gone: group.gone,
      bookedSessionCount: group.bookedSessionCounts[index] ?? 0,
      taughtBefore: taughtBefore.has(index),
      clashingSessionCount: group.clashingSessionCounts[index] ?? 0,
    }));
  });
  return all.map((candidate, index) => {
    const millimeters = distanceMillimeters[index];
    return { ...candidate, distanceMeters: millimeters === undefined ? null : Number(millimeters) / 1000 };
  });
}

function recordedSlots({ startMinutes, aheadMinutes, course }: DecisionRecord): Slot[] {
  let start = 0;
  let ahead = 0;
  return startMinutes.map((step, index) => {
    start += Number(step);
    ahead += aheadMinutes[index] ?? 0;
    const endMs = (start + (course?.sessionMinutes ?? 0)) * MINUTE_MS;
    return slotOf({ startMs: start * MINUTE_MS, endMs, localMs: (start + ahead) * MINUTE_MS }, index + 1);
  });
}

/** What the decision tells, without looking at the trainers. */
export function documentFrom(record: DecisionRecord): DecisionDocument {
  const { search, directoryAgeMs } = record;
  const { studentId, courseId, location, zone, course, slots } = recordedFacts(record);
  const candidates = recordedCandidates(record);
  const ranked = candidates.filter(({ reason }) => reason === null);
  const removed = candidates
    .flatMap((one) => (one.reason === null ? [] : [{ ...one, reason: one.reason }]))
    .sort((a, b) => (a.trainerId < b.trainerId ? -1 : 1));
  return {
    inputs: {
      studentId,
      courseId,
      location,
      zoneId: zone?.zoneId ?? null,
      startTimesMs: slots.map(({ startTime }) => startTime.epochMilliseconds),
      sessionMinutes: course?.sessionMinutes ?? 0,
    },
    funnel: search
      ? funnelOf(
          search,
          ranked.length,
          removed.map(({ reason }) => reason),
        )
      : null,
    ranked: ranked.map((one) => {
      const { trainerId, version, distanceMeters } = one;
      return [trainerId, version, distanceMeters, distanceMeters === null ? null : score(distanceMeters, one)];
    }),
    removed: removed.map(({ trainerId, version, distanceMeters, reason, clashingSessionCount }) => {
      return [trainerId, version, distanceMeters, reason, clashingSessionCount];
    }),
    ...(directoryAgeMs === undefined ? {} : { directoryAgeMs: Number(directoryAgeMs) }),
  };
}

function idOf(bytes: Uint8Array): string {
  return idsOf(bytes)[0] ?? "";
}
