import type { Candidate } from "./candidate.ts";
import { type Diaries, type Diary, isTaken, openDiary } from "./diary.ts";
import { momentOf, type Wish } from "./eligibility.ts";
import { type MoveOffer, moveOffer } from "./move-offers.ts";
import { type NearTime, nearTimes, REACH_MS } from "./near-times.ts";
import type { Offer } from "./offer.ts";
import { type Closure, horizon } from "./schedule.ts";
import type { Slot } from "./slot.ts";
import { possibleOnes, splitOffer } from "./split-offers.ts";
import { localMsOf, type WallClock, wallClock } from "./wall-clock.ts";

const MAX_OFFERS = 3;
/** An offer takes a while to be read. */
const NOTICE_MS = 60 * 60 * 1000;
/** Looked at by one search for other times, so that it blocks nobody for long; beyond it, the trainers who are left are not tried. */
const MAX_TIMES = 15_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** What could not be booked. */
export interface Refused {
  wish: Wish;
  /** The zone's. */
  timeZone: string;
  closures: readonly Closure[];
  now: Temporal.Instant;
}

/** What an offer may need to know the diaries of. */
export function diarySpan({ wish: { slots }, now }: Refused): [from: Temporal.Instant, until: Temporal.Instant] {
  const marginMs = REACH_MS + 3 * DAY_MS;
  const [first, last] = [slots[0]?.startTime ?? now, slots.at(-1)?.endTime ?? now];
  return [first.subtract({ milliseconds: marginMs }), last.add({ milliseconds: marginMs })];
}

/**
 * Up to three ways out: other times with one trainer, and the wished-for times with two. The candidates come best first; the
 * same arguments give the same offers. Each of them can be booked by what the diaries say.
 */
export function findOffers(refused: Refused, candidates: Candidate[], diaries: Diaries): Offer[] {
  const { wish } = refused;
  const span = diarySpan(refused).map(({ epochMilliseconds }) => epochMilliseconds) as [number, number];
  const clocks = new Map<string, WallClock>();
  const open = (candidate: Candidate): Diary => {
    const clock = clocks.getOrInsertComputed(candidate.timeZone, (timeZone) => wallClock(timeZone, span));
    return openDiary(candidate, wish.courseId, diaries.lessons.get(candidate.trainerId) ?? [], clock);
  };
  const moves = moveOffers(refused, candidates, diaries, open);
  const splits = splitOffers(wish.slots, candidates, diaries, open);
  return [...moves.slice(0, 1), ...splits.slice(0, 1), ...moves.slice(1), ...splits.slice(1)].slice(0, MAX_OFFERS);
}

/** The fewest sessions moved first, then the least time moved, then the better trainer; different times each. */
function moveOffers(
  { wish: { slots }, timeZone, closures, now }: Refused,
  candidates: Candidate[],
  { studentTimes }: Diaries,
  open: (candidate: Candidate) => Diary,
): MoveOffer[] {
  const bounds = {
    clock: wallClock(timeZone, [now.epochMilliseconds, horizon(now).epochMilliseconds]),
    fromMs: now.epochMilliseconds + NOTICE_MS,
    untilMs: horizon(now).epochMilliseconds,
    closed: closures.map(({ startTime, endTime }) => ({ startMs: localMsOf(startTime), endMs: localMsOf(endTime) })),
    taken: studentTimes,
  };
  const known = new Map<Slot, Iterable<NearTime>>();
  let looked = 0;
  function* near(slot: Slot): Generator<NearTime> {
    for (const time of known.getOrInsertComputed(slot, () => nearTimes(slot, bounds))) {
      looked += 1;
      if (looked > MAX_TIMES) return;
      yield time;
    }
  }
  const offers = candidates.flatMap((candidate) => moveOffer(open(candidate), slots, studentTimes, near) ?? []);
  offers.sort((a, b) => a.moves.length - b.moves.length || a.movedMs - b.movedMs);
  const timesOf = ({ moves }: Offer): string => moves.map(({ after }) => after.startTime.toString()).join();
  const offered = new Set<string>();
  return offers.filter((offer) => !offered.has(timesOf(offer)) && offered.add(timesOf(offer)));
}

/** The fewest changes of trainer first, then the better trainers. */
function splitOffers(
  slots: Slot[],
  candidates: Candidate[],
  { studentTimes }: Diaries,
  open: (candidate: Candidate) => Diary,
): Offer[] {
  const moments = slots.map(momentOf);
  if (moments.some((moment) => isTaken(studentTimes, moment))) return [];
  const able = candidates.map((candidate) => ({ candidate, possible: possibleOnes(open(candidate), moments) }));
  const offers = able.flatMap((one, index) =>
    able.slice(index + 1).flatMap((two) => {
      if (!moments.every((_, at) => one.possible[at] || two.possible[at])) return [];
      const [a, b] = [one.candidate, two.candidate];
      const both = [splitOffer(open(a), open(b), slots), splitOffer(open(b), open(a), slots)].filter((o) => o !== null);
      return both.sort(byChanges).slice(0, 1);
    }),
  );
  return offers.sort(byChanges);
}

function byChanges(a: Offer, b: Offer): number {
  return a.assignments.length - b.assignments.length;
}
