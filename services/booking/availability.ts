import type { Database } from "../runtime/database.ts";
import { type AvailabilityAnswer, readAvailability } from "./availability-query.ts";
import type { Candidate } from "./candidate.ts";
import type { ClaimCache } from "./claim-cache.ts";
import { type Need, needOf } from "./need.ts";
import type { Workload } from "./ranking.ts";
import type { Slot } from "./slot.ts";
import { positionsOf, purchaseIdAt, readDiaries, readTimes, type TrainerClaims } from "./trainer-claims.ts";
import { touching } from "./week-hours.ts";

export interface Availability {
  /** Sequences of the slots in which the student has a lesson already, with any operator. */
  studentClashes: number[];
  workloads: Workload[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

interface Held {
  claims: TrainerClaims;
  /** Those of which the times decide. */
  suspects: number[];
}

/**
 * How free the student and all candidates are, at one moment of the database: one statement, which tells what has changed of
 * the candidates' claims since they were read, and nothing of most. The caller may see the operator's claims.
 */
export async function findAvailability(
  { db, claims: cache }: { db: Database; claims: ClaimCache },
  wanted: { operatorId: string; studentId: string; slots: Slot[]; candidates: Candidate[]; now: Temporal.Instant },
): Promise<Availability> {
  const { operatorId, candidates, now } = wanted;
  const need = needOf(wanted.slots, candidates, now.epochMilliseconds);
  const held = candidates.map(({ trainerId }) => {
    const claims = cache.get(operatorId, trainerId, need.sinceMs);
    return claims && { claims, suspects: touching(need.slotHours, claims.hours, claims.count) };
  });
  // Who asks a little later on the same day has not to read them anew.
  const sinceMs = need.sinceMs - DAY_MS;
  const answer = await readAvailability(db, {
    ...wanted,
    ...need,
    known: held.map((one) => one?.claims.news ?? null),
    knownIn: cache.epoch,
    since: Temporal.Instant.fromEpochMilliseconds(sinceMs),
    timed: held.flatMap((one, index) => (one ? untold(one, index + 1) : [])),
    counted: candidates.flatMap(({ dailySessionLimit }, index) => {
      const one = held[index];
      return one && mayExceed(dailySessionLimit, one.claims, need) ? index + 1 : [];
    }),
  });

  const diaries = readDiaries(answer.diaries);
  const changed = diaries.filter(({ number }) => held[number - 1]).length;
  const told = held.slice();
  for (const { number, ...diary } of diaries) {
    const claims = { operatorId, sinceMs, news: answer.news, ...diary };
    told[number - 1] = { claims, suspects: touching(need.slotHours, claims.hours, claims.count) };
  }
  const known = told.map((one, index) => one ?? nothingTold(candidates[index]));
  cache.count({ known: known.length - diaries.length, changed, unknown: diaries.length - changed });
  keep(cache, candidates, { held, known, timed: tellTimes(known, answer) }, answer);
  return { studentClashes: answer.studentClashes, workloads: workloadsOf(need, candidates, known, answer) };
}

/** Keeps what was told, and that all that was known before still holds. */
function keep(
  cache: ClaimCache,
  candidates: Candidate[],
  { held, known, timed }: { held: (Held | undefined)[]; known: Held[]; timed: ReadonlySet<number> },
  { epoch, news }: AvailabilityAnswer,
): void {
  cache.begin(epoch);
  for (const [index, { trainerId }] of candidates.entries()) {
    const one = known[index] ?? nothingTold(candidates[index]);
    if (one.claims.news < news) one.claims.news = news;
    if (one !== held[index] || timed.has(index + 1)) cache.keep(trainerId, one.claims);
  }
}

/** Whether the claims do not rule out that a day has more sessions than its limit. */
function mayExceed(limit: number, { count, hours, busiest, sessionsADay }: TrainerClaims, need: Need): boolean {
  if (sessionsADay + need.peak <= limit) return false;
  const near = touching(need.dayHours, hours, count);
  return near.reduce((sessions, index) => sessions + (busiest[index] ?? 0), need.peak) > limit;
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

function nothingTold(candidate: Candidate | undefined): never {
  throw new TypeError(`nothing was told of trainer ${candidate?.trainerId}`);
}

/** Adds times to the claims; the numbers of the trainers whose they are. */
function tellTimes(known: Held[], { times }: AvailabilityAnswer): Set<number> {
  const positions = new Map<number, Map<string, number>>();
  for (const [number, purchaseId, text] of times) {
    const { claims } = known[number - 1] ?? nothingTold(undefined);
    const position = positions
      .getOrInsertComputed(number, () => positionsOf(claims))
      .get(purchaseId.replaceAll("-", ""));
    // What was asked for may have been given back since, or be over: then it is not among the trainer's news.
    if (text !== null && position !== undefined) claims.times[position] = readTimes(text);
  }
  return new Set(positions.keys());
}

function workloadsOf(need: Need, candidates: Candidate[], known: Held[], answer: AvailabilityAnswer): Workload[] {
  const taughtBefore = new Set(answer.taughtBefore);
  const overDailyLimits = new Map(answer.overDailyLimits);
  return candidates.map(({ trainerId, bufferMinutes }, index) => {
    const one = known[index] ?? nothingTold(candidates[index]);
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
function clashes({ claims, suspects }: Held, need: Need, bufferMs: number): number {
  if (suspects.length === 0) return 0;
  const marks = new Uint8Array(need.startMs.length);
  for (const suspect of suspects) {
    const times = claims.times[suspect];
    if (!times) throw new TypeError(`the times of purchase ${purchaseIdAt(claims, suspect)} were not told`);
    markClashes(marks, times, need, bufferMs);
  }
  let clashing = 0;
  for (const mark of marks) clashing += mark;
  return clashing;
}

/** Both are in their order. */
function markClashes(marks: Uint8Array, times: Float64Array, { startMs, endMs }: Need, bufferMs: number): void {
  let next = 0;
  for (let slot = 0; slot < startMs.length; slot += 1) {
    const start = startMs[slot] ?? 0;
    while (next < times.length && (times[next + 1] ?? 0) <= start) next += 2;
    if (next === times.length) return;
    if ((times[next] ?? 0) < (endMs[slot] ?? 0) + bufferMs) marks[slot] = 1;
  }
}
