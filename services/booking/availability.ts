import type { Queryable } from "../runtime/database.ts";
import { type AvailabilityAnswer, readAvailability } from "./availability-query.ts";
import type { Candidate } from "./candidate.ts";
import type { ClaimCache } from "./claim-cache.ts";
import { type Need, needOf } from "./need.ts";
import type { Workload } from "./ranking.ts";
import type { Slot } from "./slot.ts";
import { purchaseIdAt, readDiaries, readTimes, type TrainerClaims } from "./trainer-claims.ts";
import { touch } from "./week-hours.ts";

export interface Availability {
  /** Sequences of the slots in which the student has a lesson already, with any operator. */
  studentClashes: number[];
  workloads: Workload[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NEVER = new Float64Array();

/**
 * How free the student and all candidates are, at one moment of the database: one statement, which tells what has changed of
 * the candidates' claims since they were read, and nothing of most.
 */
export async function findAvailability(
  { db, claims: cache }: { db: Queryable; claims: ClaimCache },
  wanted: { operatorId: string; studentId: string; slots: Slot[]; candidates: Candidate[]; now: Temporal.Instant },
): Promise<Availability> {
  const { operatorId, candidates, now } = wanted;
  const need = needOf(wanted.slots, candidates, now.epochMilliseconds);
  const { server } = cache;
  const checkedMs = cache.nowMs();
  const held = candidates.map(({ trainerId }) => {
    const claims = cache.get(operatorId, trainerId, need.sinceMs);
    return claims && { claims, suspects: suspectsOf(claims, need) };
  });
  // Who asks a little later on the same day has not to read them anew.
  const sinceMs = need.sinceMs - DAY_MS;
  const answer = await readAvailability(db, {
    ...wanted,
    ...need,
    known: held.map((one) => one?.claims.news ?? null),
    server,
    since: Temporal.Instant.fromEpochMilliseconds(sinceMs),
    timed: held.flatMap((one, index) => (one ? untold(one, index + 1) : [])),
    counted: candidates.flatMap(({ dailySessionLimit }, index) => {
      const one = held[index];
      return one && mayExceed(dailySessionLimit, one.claims, need) ? index + 1 : [];
    }),
  });

  cache.answeredBy(answer.server);
  for (const { number, ...diary } of readDiaries(answer.diaries)) {
    const claims = { operatorId, sinceMs, checkedMs, news: answer.news, ...diary };
    held[number - 1] = { claims, suspects: suspectsOf(claims, need) };
    cache.keep(candidates[number - 1]?.trainerId ?? "", claims);
  }
  for (const one of held) if (one) confirm(one.claims, answer.news, checkedMs);
  for (const [number, purchaseId, times] of answer.times) tellTimes(held[number - 1]?.claims, purchaseId, times);
  return { studentClashes: answer.studentClashes, workloads: workloadsOf(need, candidates, held, answer) };
}

interface Held {
  claims: TrainerClaims;
  /** Those of which the times decide. */
  suspects: number[];
}

function suspectsOf({ count, hours }: TrainerClaims, { slotHours }: Need): number[] {
  const suspects: number[] = [];
  for (let index = 0; index < count; index += 1) if (touch(slotHours, hours, count, index)) suspects.push(index);
  return suspects;
}

/** Whether the claims do not rule out that a day has more sessions than its limit. */
function mayExceed(limit: number, { count, hours, busiest, sessionsADay }: TrainerClaims, need: Need): boolean {
  if (sessionsADay + need.peak <= limit) return false;
  let sessions = need.peak;
  for (let index = 0; index < count; index += 1) {
    if (touch(need.dayHours, hours, count, index)) sessions += busiest[index] ?? 0;
  }
  return sessions > limit;
}

/** Those of the claims that are not over. */
function sessionsAfter({ count, sessions, endMs, firstEndMs, sessionCounts }: TrainerClaims, nowMs: number): number {
  if (firstEndMs > nowMs) return sessions;
  let left = 0;
  for (let index = 0; index < count; index += 1) if ((endMs[index] ?? 0) > nowMs) left += sessionCounts[index] ?? 0;
  return left;
}

/** Claims whose times have not been asked for yet. */
function untold({ claims, suspects }: Held, number: number): { number: number; purchaseId: string }[] {
  return suspects
    .filter((index) => !claims.times[index])
    .map((index) => ({ number, purchaseId: purchaseIdAt(claims, index) }));
}

/** Nothing was news to these claims, or they are it. */
function confirm(claims: TrainerClaims, news: bigint, checkedMs: number): void {
  if (claims.news > news) return;
  claims.news = news;
  claims.checkedMs = Math.max(claims.checkedMs, checkedMs);
}

function tellTimes(claims: TrainerClaims | undefined, purchaseId: string, times: string | null): void {
  if (!claims || times === null) return;
  const digits = purchaseId.replaceAll("-", "");
  for (let index = 0; index < claims.count; index += 1) {
    if (purchaseIdAt(claims, index) === digits) claims.times[index] = readTimes(times);
  }
}

function workloadsOf(
  need: Need,
  candidates: Candidate[],
  held: (Held | undefined)[],
  answer: AvailabilityAnswer,
): Workload[] {
  const taughtBefore = new Set(answer.taughtBefore);
  const overDailyLimits = new Map(answer.overDailyLimits);
  return candidates.map(({ trainerId, bufferMinutes }, index) => {
    const one = held[index];
    if (!one) throw new TypeError(`nothing was told of trainer ${trainerId}`);
    return {
      trainerId,
      bookedSessionCount: sessionsAfter(one.claims, need.nowMs),
      clashingSessionCount: clashes(one, need, bufferMinutes * MINUTE_MS),
      overDailyLimit: overDailyLimits.get(index + 1) || null,
      taughtBefore: taughtBefore.has(trainerId),
    };
  });
}

/** With how many of the lessons, and the trainer's buffer after each, claims overlap. */
function clashes({ claims, suspects }: Held, { startMs, endMs }: Need, bufferMs: number): number {
  const clashing = new Set<number>();
  for (const suspect of suspects) {
    const taken = claims.times[suspect] ?? NEVER;
    let next = 0;
    for (let slot = 0; slot < startMs.length; slot += 1) {
      while (next < taken.length && (taken[next + 1] ?? 0) <= (startMs[slot] ?? 0)) next += 2;
      if (next === taken.length) break;
      if ((taken[next] ?? 0) < (endMs[slot] ?? 0) + bufferMs) clashing.add(slot);
    }
  }
  return clashing.size;
}
