import type { Database } from "../runtime/database.ts";
import { type More, type Question, readAvailability, type ToldAvailability } from "./availability-query.ts";
import type { Candidate } from "./candidate.ts";
import type { AsOf, ClaimCache, ClaimCounts, Told } from "./claim-cache.ts";
import { type HeldClaims, heldClaims, mayExceed, untoldOf } from "./held-claims.ts";
import type { Need } from "./need.ts";
import type { Slot } from "./slot.ts";
import { readToldClaims, type ToldClaim } from "./told-claims.ts";
import { readDiaries, type TrainerClaims, withChanges, withTimes } from "./trainer-claims.ts";
import type { Hours } from "./week-hours.ts";

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
 * outdated, or where somebody's days have filled up meanwhile, which are then counted a moment later.
 */
export async function askClaims(
  { db, claims: cache }: { db: Database; claims: ClaimCache },
  wish: Wish,
  need: Need,
): Promise<Claimed> {
  const { operatorId, candidates } = wish;
  let asked = await ask(db, cache, { wish, need, known: cache.asOf(operatorId) });
  if (asked.known && asked.answer.outcome === "outdated") {
    cache.forget(operatorId, asked.known, asked.answer.epoch);
    cache.count({ outdated: 1 });
    asked = await ask(db, cache, { wish, need, known: undefined });
  }
  const { known, before, question, answer } = asked;
  if (answer.outcome === "outdated") throw new TypeError("nothing is known that could be outdated");

  const { sinceMs } = question;
  const changes: Changes = Map.groupBy(readToldClaims(answer.changes), ({ trainerId }) => trainerId);
  const trainers = toldTrainers(candidates, before, { changes, question, answer, slotHours: need.slotHours });
  cache.keep(operatorId, known, { ...answer, sinceMs, changes, trainers });
  cache.count(countsOf(candidates, before, changes));
  const held = candidates.map(({ trainerId }, index) => {
    const told = trainers.get(trainerId);
    return told ? heldClaims(told.after, need) : (before[index] ?? nothingTold(trainerId));
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

async function ask(
  db: Database,
  cache: ClaimCache,
  { wish, need, known }: { wish: Wish; need: Need; known: AsOf | undefined },
) {
  const before = wish.candidates.map(({ trainerId }) => {
    const claims = known && cache.get(known, trainerId, need.sinceMs);
    return claims && heldClaims(claims, need);
  });
  const question = questionOf(wish, need, known, before);
  return { known, before, question, answer: await readAvailability(db, question) };
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
      return more ? toldMore(candidate, more) : [];
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

function toldMore({ trainerId, timeZone, dailySessionLimit }: Candidate, more: More): Question["trainers"][number] {
  return { trainerId, timeZone, dailySessionLimit, more };
}

/** Of the candidates, those who were read, have changed, or whose times were told. */
function toldTrainers(
  candidates: Candidate[],
  before: Before,
  told: { changes: Changes; question: Question; answer: ToldAvailability; slotHours: Hours },
): Told["trainers"] {
  const { changes, question, answer, slotHours } = told;
  const { sinceMs } = question;
  const trainers = new Map<string, { before: TrainerClaims | undefined; after: TrainerClaims }>();
  for (const [number, after] of readDiaries(answer.diaries, sinceMs)) {
    trainers.set(trainerOf(question, number), { before: undefined, after });
  }
  const times = Map.groupBy(readToldClaims(answer.times), ({ trainerId }) => trainerId);
  for (const [index, { trainerId }] of candidates.entries()) {
    const claims = before[index]?.claims;
    const changed = changes.get(trainerId);
    if (claims && changed) {
      trainers.set(trainerId, { before: claims, after: withChanges(claims, changed, { sinceMs, timesOf: slotHours }) });
    }
    const timed = times.get(trainerId);
    const after = trainers.get(trainerId)?.after ?? claims;
    if (timed && after) trainers.set(trainerId, { before: claims, after: withTimes(after, timed) });
  }
  return trainers;
}

function countsOf(candidates: Candidate[], before: Before, changes: Changes): Partial<ClaimCounts> {
  const unknown = before.filter((held) => !held).length;
  const changed = candidates.filter(({ trainerId }, index) => before[index] && changes.has(trainerId)).length;
  return { known: candidates.length - unknown - changed, changed, unknown };
}

function countedDays(question: Question, { overDailyLimits }: ToldAvailability): Map<string, number> {
  return new Map(overDailyLimits.map(([number, over]) => [trainerOf(question, number), over]));
}

/** Counts the days of trainers of whom it turned out too late that they may be over their limits. */
async function countDays(
  db: Database,
  question: Question,
  trainers: Candidate[],
  overDailyLimits: Map<string, number>,
): Promise<void> {
  const again = { ...question, known: undefined, timed: [], trainers: trainers.map((one) => toldMore(one, "count")) };
  const answer = await readAvailability(db, again);
  if (answer.outcome === "outdated") throw new TypeError("nothing is known that could be outdated");
  for (const [trainerId, over] of countedDays(again, answer)) overDailyLimits.set(trainerId, over);
}

function trainerOf({ trainers }: Question, number: number): string {
  return trainers[number - 1]?.trainerId ?? nothingTold(`number ${number}`);
}

function nothingTold(trainerId: string): never {
  throw new TypeError(`nothing was told of trainer ${trainerId}`);
}
