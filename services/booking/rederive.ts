import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Queryable } from "../runtime/database.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { DomainError } from "../runtime/errors.ts";
import { lockTrainers } from "./lock-queries.ts";
import { recordChange } from "./record-change.ts";
import {
  lockTogether,
  type Move,
  moveSessions,
  type Overlap,
  overlapsOf,
  type SessionToCome,
  sessionsStarting,
  startsToCome,
  type Told,
} from "./rederive-queries.ts";
import { instantOf } from "./schedule.ts";

export interface Rederived {
  moved: Move[];
  /** Left as they are: at their local times somebody would be in two places. */
  clashing: { purchaseId: string; moves: Move[]; overlaps: readonly Overlap[] }[];
  /** Left as they are: their local time does not exist any more. */
  skipped: SessionToCome[];
}

const CALLER: Caller = { subject: "rederive", role: Role.SERVICE, claims: {} };

/** What several purchases must move together, since each stands in another's way. */
type Group = Move[];

/**
 * Gives every scheduled session that is to come the instant that its local time has by the rules of this process. Each
 * purchase moves in a transaction of its own, all of it or nothing; where purchases stand in each other's way, they move
 * in one. The local times stay.
 */
export async function rederive(
  db: Queryable,
  { now, runId, rules }: { now: Temporal.Instant; runId: string; rules: string },
): Promise<Rederived> {
  const moves: Move[] = [];
  const skipped: SessionToCome[] = [];
  const told = (await startsToCome(db, now)).map((start) => ({ ...start, newStartTime: newStartOf(start) }));
  const changed = told.filter(({ startTime, newStartTime }) => !newStartTime?.equals(startTime));
  const newStarts = new Map(changed.map((start) => [keyOf(start), start.newStartTime]));
  for (const session of changed.length > 0 ? await sessionsStarting(db, changed) : []) {
    const newStartTime = newStarts.get(keyOf(session));
    if (newStartTime) moves.push({ session, newStartTime });
    else skipped.push(session);
  }

  const record = { caller: CALLER, request: { requestId: runId }, now, rules };
  const singly = await moveAll(db, [...Map.groupBy(moves, purchaseOf).values()], record);
  const inTheWay = singly.left.length > 0 ? await overlapsOf(db, singly.left.flat()) : [];
  const together = await moveAll(db, standingInEachOthersWay(singly.left, inTheWay), record);
  const movedIds = new Set(together.moved.map(purchaseOf));
  const left = [...Map.groupBy(singly.left.flat(), purchaseOf)].filter(([purchaseId]) => !movedIds.has(purchaseId));
  const stillLeft = left.flatMap(([, ofPurchase]) => ofPurchase);
  const overlaps = stillLeft.length > 0 ? await overlapsOf(db, stillLeft) : [];
  const clashing = left.map(([purchaseId, ofPurchase]) => {
    const ids = new Set(ofPurchase.map(({ session }) => session.sessionId));
    return { purchaseId, moves: ofPurchase, overlaps: overlaps.filter(({ sessionId }) => ids.has(sessionId)) };
  });
  return { moved: [...singly.moved, ...together.moved], clashing, skipped };
}

interface Record {
  caller: Caller;
  request: { requestId: string };
  now: Temporal.Instant;
  /** The release of the time zone database. */
  rules: string;
}

/** One that finds its place taken is tried again once another has moved away. */
async function moveAll(db: Queryable, groups: Group[], record: Record): Promise<{ moved: Move[]; left: Group[] }> {
  const moved: Move[] = [];
  let left = groups;
  for (;;) {
    const refused: Group[] = [];
    for (const group of left) {
      const done = await moveGroup(db, group, record).catch((error: unknown) => {
        if (constraintOf(error) === null) throw error;
        return null;
      });
      if (done) moved.push(...done);
      else refused.push(group);
    }
    if (refused.length === left.length) return { moved, left };
    left = refused;
  }
}

function moveGroup(db: Queryable, group: Group, record: Record): Promise<Move[]> {
  return db.transaction(async (tx) => {
    const purchases = await lockTogether(tx, [...new Set(group.map(purchaseOf))]);
    await lockTrainers(
      tx,
      group.map(({ session }) => session.trainerId),
    );
    const counts = Map.groupBy(await moveSessions(tx, group), ({ purchaseId }) => purchaseId);
    for (const purchase of purchases) {
      const sessionCount = counts.get(purchase.purchaseId)?.length ?? 0;
      if (sessionCount === 0) continue;
      const detail = { session_count: sessionCount, time_zone_rules: record.rules };
      const change = { action: "RederiveSessions", ...record };
      await recordChange(tx, { ...purchase, version: purchase.version + 1 }, change, { detail });
    }
    return group.filter(({ session }) => counts.has(session.purchaseId));
  });
}

/**
 * Those that stand in each other's way, directly or by way of others, and in nobody else's: whoever waits for one that
 * stays, stays too.
 */
function standingInEachOthersWay(groups: Group[], overlaps: readonly Overlap[]): Group[] {
  const moves = Map.groupBy(groups.flat(), purchaseOf);
  const owners = new Map(groups.flat().map((move) => [move.session.sessionId, purchaseOf(move)]));
  const edges = overlaps.map(
    ({ sessionId, otherPurchaseId }) => [owners.get(sessionId) ?? "", otherPurchaseId] as const,
  );
  const waiting = new Set(moves.keys());
  const staying = () => edges.find(([purchaseId, other]) => waiting.has(purchaseId) && !waiting.has(other));
  for (let stays = staying(); stays; stays = staying()) waiting.delete(stays[0]);

  const knots: Set<string>[] = [];
  for (const purchaseId of waiting) {
    const next = new Set(edges.filter((edge) => edge.includes(purchaseId)).flat()).add(purchaseId);
    const touching = knots.filter((knot) => !knot.isDisjointFrom(next));
    for (const knot of touching) knots.splice(knots.indexOf(knot), 1);
    knots.push(touching.reduce((all, knot) => all.union(knot), next.intersection(waiting)));
  }
  return knots.map((knot) => [...knot].flatMap((purchaseId) => moves.get(purchaseId) ?? []));
}

function newStartOf({ localStartTime, timeZone }: Told): Temporal.Instant | null {
  try {
    return instantOf(localStartTime, timeZone);
  } catch (error) {
    // A zone that the database has lost is a RangeError, and stops the run.
    if (error instanceof DomainError) return null;
    throw error;
  }
}

function keyOf({ timeZone, localStartTime, startTime }: Told): string {
  return `${timeZone} ${localStartTime} ${startTime}`;
}

function purchaseOf({ session }: Move): string {
  return session.purchaseId;
}
