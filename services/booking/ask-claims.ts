import type { Database } from "../runtime/database.ts";
import { type More, type Question, readAvailability, type ToldAvailability } from "./availability-query.ts";
import type { Candidate } from "./candidate.ts";
import type { AsOf, ClaimCache } from "./claim-cache.ts";
import { type HeldClaims, heldClaims, mayExceed, untoldOf } from "./held-claims.ts";
import type { Need } from "./need.ts";
import type { Slot } from "./slot.ts";
import { readToldClaims, type ToldClaim } from "./told-claims.ts";
import { positionOf, readDiaries, type TrainerClaims, withChanges } from "./trainer-claims.ts";

export interface Wish {
  operatorId: string;
  studentId: string;
  slots: Slot[];
  candidates: Candidate[];
}

/** What is so at one moment of the database. */
export interface Claimed {
  /** Of the candidates, in their order. */
  held: HeldClaims[];
  /** By how many slots days have too many lessons, by trainers, of those of whom the claims did not rule that out. */
  overDailyLimits: ReadonlyMap<string, number>;
  studentClashes: number[];
  taughtBefore: ReadonlySet<string>;
}

type Before = (HeldClaims | undefined)[];
type Changes = ReadonlyMap<string, readonly ToldClaim[]>;

const DAY_MS = 24 * 3_600_000;
/** Whose days are so near to their limit is counted by the same statement if something has changed. */
const WATCHED = 2;

/**
 * The claims of the candidates, and what else a wish meets: one statement, which tells what has changed of the operator's claims
 * since it was asked last, and all claims of those alone of whom none are kept. Another follows where what is kept is
 * outdated, or where somebody's days have filled up meanwhile.
 */
export async function askClaims(deps: { db: Database; claims: ClaimCache }, wish: Wish, need: Need): Promise<Claimed> {
  const { db, claims: cache } = deps;
  const { operatorId, candidates } = wish;
  const known = cache.asOf(operatorId);
  const before = candidates.map(({ trainerId }) => known && kept(cache, known, trainerId, need));
  const question = questionOf(wish, need, known, before);
  const answer = await readAvailability(db, question);
  if (answer.outcome === "outdated") {
    cache.forget(operatorId, known, answer.epoch);
    return askClaims(deps, wish, need);
  }

  const changes: Changes = Map.groupBy(readToldClaims(answer.changes), ({ trainerId }) => trainerId);
  const told = toldClaims(candidates, before, { changes, question, answer });
  cache.keep(operatorId, known, { ...answer, sinceMs: question.sinceMs, changes, claims: told });
  count(cache, candidates, before, changes);
  const held = candidates.map(({ trainerId }, index) => {
    const claims = told.get(trainerId);
    return claims ? heldClaims(claims, need) : (before[index] ?? nothingTold(trainerId));
  });
  const overDailyLimits = countedDays(question, answer);
  const filled = candidates.filter(({ trainerId, dailySessionLimit }, index) => {
    const claims = changes.has(trainerId) && !overDailyLimits.has(trainerId) && held[index]?.claims;
    return claims && mayExceed(dailySessionLimit, claims, need);
  });
  if (filled.length > 0) await countDays(db, question, filled, overDailyLimits);
  const { studentClashes, taughtBefore } = answer;
  return { held, overDailyLimits, studentClashes, taughtBefore: new Set(taughtBefore) };
}

function kept(cache: ClaimCache, known: AsOf, trainerId: string, need: Need): HeldClaims | undefined {
  const claims = cache.get(known, trainerId, need.sinceMs);
  return claims && heldClaims(claims, need);
}

function questionOf(wish: Wish, need: Need, known: AsOf | undefined, before: Before): Question {
  return {
    ...wish,
    ...need,
    known,
    // Who asks a little later on the same day has not to read them anew.
    sinceMs: need.sinceMs - DAY_MS,
    trainers: wish.candidates.flatMap((candidate, index) => {
      const more = moreOf(candidate, before[index], need);
      return more ? asked(candidate, more) : [];
    }),
    timed: wish.candidates.flatMap(({ trainerId }, index) => {
      const held = before[index];
      return held ? untoldOf(held).map((purchaseId) => ({ trainerId, purchaseId })) : [];
    }),
  };
}

function moreOf({ dailySessionLimit }: Candidate, held: HeldClaims | undefined, need: Need): More | null {
  if (!held) return "read";
  if (!mayExceed(dailySessionLimit - WATCHED, held.claims, need)) return null;
  return mayExceed(dailySessionLimit, held.claims, need) ? "count" : "watch";
}

function asked({ trainerId, timeZone, dailySessionLimit }: Candidate, more: More): Question["trainers"][number] {
  return { trainerId, timeZone, dailySessionLimit, more };
}

/** Of the candidates, the claims that were read or have changed, and those whose times were told. */
function toldClaims(
  candidates: Candidate[],
  before: Before,
  { changes, question, answer }: { changes: Changes; question: Question; answer: ToldAvailability },
): Map<string, TrainerClaims> {
  const { trainers, timed, sinceMs } = question;
  const told = new Map<string, TrainerClaims>();
  for (const [number, claims] of readDiaries(answer.diaries, sinceMs)) {
    told.set(trainers[number - 1]?.trainerId ?? nothingTold(`number ${number}`), claims);
  }
  const asked = new Set(timed.map(({ trainerId }) => trainerId));
  for (const [index, { trainerId }] of candidates.entries()) {
    const held = before[index];
    const changed = changes.get(trainerId);
    if (held && changed) told.set(trainerId, withChanges(held.claims, changed, sinceMs));
    else if (held && asked.has(trainerId)) told.set(trainerId, held.claims);
  }
  for (const { trainerId, purchaseId, times } of readToldClaims(answer.times)) {
    const claims = told.get(trainerId) ?? nothingTold(trainerId);
    const position = positionOf(claims, purchaseId);
    // What is over is not among what has been read.
    if (position >= 0 && times) claims.times[position] = times;
  }
  return told;
}

function count(cache: ClaimCache, candidates: Candidate[], before: Before, changes: Changes): void {
  const unknown = before.filter((held) => !held).length;
  const changed = candidates.filter(({ trainerId }, index) => before[index] && changes.has(trainerId)).length;
  cache.count({ known: candidates.length - unknown - changed, changed, unknown });
}

function countedDays({ trainers }: Question, { overDailyLimits }: ToldAvailability): Map<string, number> {
  return new Map(overDailyLimits.map(([number, over]) => [trainers[number - 1]?.trainerId ?? "", over]));
}

/** Counts the days of trainers of whom it turned out too late that they may be over their limits. */
async function countDays(
  db: Database,
  question: Question,
  trainers: Candidate[],
  overDailyLimits: Map<string, number>,
): Promise<void> {
  const again = { ...question, known: undefined, timed: [], trainers: trainers.map((one) => asked(one, "count")) };
  const answer = await readAvailability(db, again);
  if (answer.outcome === "outdated") throw new TypeError("nothing is known that could be outdated");
  for (const [trainerId, over] of countedDays(again, answer)) overDailyLimits.set(trainerId, over);
}

function nothingTold(trainerId: string): never {
  throw new TypeError(`nothing was told of trainer ${trainerId}`);
}
