import type { Queryable } from "../runtime/database.ts";
import { type AvailabilityAnswer, readAvailability } from "./availability-query.ts";
import type { Candidate } from "./candidate.ts";
import type { ClaimCache } from "./claim-cache.ts";
import { type Need, needOf } from "./need.ts";
import type { Workload } from "./ranking.ts";
import type { Slot } from "./schedule.ts";
import { purchaseIdAt, readDiaries, readTimes, type TrainerClaims } from "./trainer-claims.ts";
import { touch } from "./week-hours.ts";

export interface Availability {
  /** Sequences of the slots in which the student has a lesson already, with any operator. */
  studentClashes: number[];
  workloads: Workload[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const FOREVER = Number.POSITIVE_INFINITY;
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
  const held = candidates.map(({ trainerId }) => cache.get(operatorId, trainerId, need.sinceMs));
  // Who asks a little later on the same day has not to read them anew.
  const sinceMs = need.sinceMs - DAY_MS;
  const answer = await readAvailability(db, {
    ...wanted,
    ...need,
    known: held.map((claims) => claims?.news ?? null),
    server,
    since: Temporal.Instant.fromEpochMilliseconds(sinceMs),
    timed: held.flatMap((claims, index) =>
      claims ? untold(claims, need).map((purchaseId) => ({ number: index + 1, purchaseId })) : [],
    ),
    counted: candidates.flatMap(({ dailySessionLimit }, index) => {
      const claims = held[index];
      return claims && sessionsADay(claims, need) + need.peak > dailySessionLimit ? index + 1 : [];
    }),
  });
  cache.answeredBy(answer.server);

  const known = withNews(held, answer, { operatorId, sinceMs, checkedMs });
  for (const [index, { trainerId }] of candidates.entries()) {
    const claims = known[index];
    if (claims && claims !== held[index]) cache.keep(trainerId, claims);
  }
  return { studentClashes: answer.studentClashes, workloads: workloadsOf(need, wanted, known, answer) };
}

/** The claims of every candidate as the answer has them: as they were, or as it tells them. */
function withNews(
  held: (TrainerClaims | undefined)[],
  { news, diaries, times }: AvailabilityAnswer,
  read: Pick<TrainerClaims, "operatorId" | "sinceMs" | "checkedMs">,
): (TrainerClaims | undefined)[] {
  const known = held.slice();
  for (const { number, ...diary } of readDiaries(diaries)) known[number - 1] = { ...read, news, ...diary };
  for (const claims of known) {
    if (!claims || claims.news > news) continue;
    claims.news = news;
    claims.checkedMs = Math.max(claims.checkedMs, read.checkedMs);
  }
  for (const [number, purchaseId, text] of times) {
    const claims = known[number - 1];
    if (claims && text !== null) tellTimes(claims, purchaseId.replaceAll("-", ""), readTimes(text));
  }
  return known;
}

function tellTimes(claims: TrainerClaims, purchaseId: string, times: Float64Array): void {
  for (let index = 0; index < claims.count; index += 1) {
    if (purchaseIdAt(claims, index) === purchaseId) claims.times[index] = times;
  }
}

function workloadsOf(
  need: Need,
  { candidates, now }: { candidates: Candidate[]; now: Temporal.Instant },
  known: (TrainerClaims | undefined)[],
  answer: AvailabilityAnswer,
): Workload[] {
  const taughtBefore = new Set(answer.taughtBefore);
  const overDailyLimits = new Map(answer.overDailyLimits);
  return candidates.map(({ trainerId, bufferMinutes }, index) => {
    const claims = known[index];
    if (!claims) throw new TypeError(`nothing was told of trainer ${trainerId}`);
    return {
      trainerId,
      bookedSessionCount: sessionsAfter(claims, now.epochMilliseconds),
      clashingSessionCount: clashes(claims, need, bufferMinutes * MINUTE_MS),
      overDailyLimit: overDailyLimits.get(index + 1) || null,
      taughtBefore: taughtBefore.has(trainerId),
    };
  });
}

/** Claims whose times decide, and have not been asked for yet. */
function untold(claims: TrainerClaims, { slotHours }: Need): string[] {
  const purchaseIds: string[] = [];
  for (let index = 0; index < claims.count; index += 1) {
    if (!claims.times[index] && touch(slotHours, claims.hours, index)) purchaseIds.push(purchaseIdAt(claims, index));
  }
  return purchaseIds;
}

/** At least the most sessions that the trainer has on one of the days already. */
function sessionsADay({ count, hours, busiest }: TrainerClaims, { dayHours }: Need): number {
  let sum = 0;
  for (let index = 0; index < count; index += 1) if (touch(dayHours, hours, index)) sum += busiest[index] ?? 0;
  return sum;
}

function sessionsAfter({ count, endMs, sessionCounts }: TrainerClaims, nowMs: number): number {
  let sum = 0;
  for (let index = 0; index < count; index += 1) if ((endMs[index] ?? 0) > nowMs) sum += sessionCounts[index] ?? 0;
  return sum;
}

/** With how many of the lessons, and the trainer's buffer after each, claims overlap. */
function clashes({ count, hours, times }: TrainerClaims, need: Need, bufferMs: number): number {
  const clashing = new Set<number>();
  for (let index = 0; index < count; index += 1) {
    if (touch(need.slotHours, hours, index)) addClashes(clashing, times[index] ?? NEVER, need, bufferMs);
  }
  return clashing.size;
}

function addClashes(clashing: Set<number>, taken: Float64Array, { startMs, endMs }: Need, bufferMs: number): void {
  let next = 0;
  for (let slot = 0; slot < startMs.length; slot += 1) {
    while ((taken[next + 1] ?? FOREVER) <= (startMs[slot] ?? 0)) next += 2;
    if ((taken[next] ?? FOREVER) < (endMs[slot] ?? 0) + bufferMs) clashing.add(slot);
  }
}
