import type pg from "pg";
import { findAvailability } from "../../booking/availability.ts";
import type { Candidate } from "../../booking/candidate.ts";
import { type ClaimCache, claimCache } from "../../booking/claim-cache.ts";
import { COMPANY_OPERATOR_ID } from "../../booking/operator.ts";
import { openDatabase, sql } from "../../runtime/database.ts";
import { collectGarbage } from "../../runtime/heap.ts";
import { type Figure, median, rounded } from "../figure.ts";
import { paired } from "../paired.ts";
import { millisecondsOf } from "./at-once.ts";
import type { BookingDatabase } from "./mesh.ts";
import { candidateOf, slotsOf, type Wish, wishAt } from "./wishes.ts";
import type { Teachers } from "./worlds.ts";

const MUST_MS = 20;
const MUST_RATIO = 100;
const MUST_UNREAD_RATIO = 4;
const UNREAD = 5;
/** The first ones find the processor cold. */
const ASKED_A_ROUND = 20;
/** Who were booked since they were asked about last: a process asks once for each that it books, and so do three others. */
const CHANGED = 4;

/** Who of many trainers is free on thirty dates: by the claims, and by lessons in tables of the usual kind. */
export async function* availabilityFigures(
  { database, teachers }: { database: BookingDatabase; teachers: Teachers },
  pool: pg.Pool,
): AsyncGenerator<Figure> {
  const db = await openDatabase(database.serviceDatabaseUrl, { maxConnections: 1, applicationName: "bench" });
  const candidates = Array.from({ length: teachers.count }, (_, index) => candidateOf(teachers.from + index, teachers));
  const wish: Wish = { ...wishAt(teachers, 0), slot: 5, period: 0 };
  const slots = slotsOf(wish);
  const { studentId } = wish;
  const wanted = { operatorId: COMPANY_OPERATOR_ID, studentId, slots, candidates, now: Temporal.Now.instant() };
  const kept = newCache();
  let free = 0;
  const asked = (claims: ClaimCache) =>
    millisecondsOf(async () => {
      const { workloads } = await findAvailability({ db, claims }, wanted);
      free = workloads.filter(({ clashingSessionCount }) => clashingSessionCount === 0).length;
    });
  let next = 0;
  const ours = async () => {
    const times: number[] = [];
    for (let count = 0; count < ASKED_A_ROUND; count += 1) {
      const changed = Array.from({ length: CHANGED }, (_, index) => candidates[(next + index) % candidates.length]);
      next += CHANGED;
      await db.query(noteChanges(changed));
      times.push(await asked(kept));
    }
    return median(times);
  };
  const values = [
    candidates.map(({ trainerId }) => trainerId),
    slots.map(({ startTime }) => startTime.toString()),
    slots.map(({ endTime }) => endTime.toString()),
  ];
  const theirs = () =>
    millisecondsOf(async () => {
      const { rows } = await pool.query<{ free: number }>(FREE_SLOTS, values);
      const theirFree = rows.filter((row) => row.free === slots.length).length;
      if (theirFree !== free) throw new Error(`${theirFree} are free by lessons, ${free} by claims`);
    });
  const unread: number[] = [];
  const measured = async () => {
    // As a service does when it begins to serve: copying the lessons to the other side has taken more than it.
    collectGarbage();
    const sides = await paired(ours, theirs);
    for (let count = 0; count < UNREAD; count += 1) unread.push(await asked(newCache()));
    return sides;
  };
  const sides = await measured().finally(() => db.end());
  const what = `${teachers.count} trainers × ${slots.length} times, ${free} of them free`;
  yield {
    figure: "B6",
    ours: rounded(sides.ours),
    theirs: null,
    unit: "ms",
    ratio: rounded(sides.ours),
    must: MUST_MS,
    holds: sides.ours <= MUST_MS,
    note: `who is free, ${what}, with what each has to give yet; ${CHANGED} of them have changed since; ratio is ours`,
  };
  yield {
    figure: "B6-ratio",
    ours: rounded(sides.ours),
    theirs: rounded(sides.theirs),
    unit: "ms",
    ratio: rounded(1 / sides.ratio),
    must: MUST_RATIO,
    holds: 1 / sides.ratio >= MUST_RATIO,
    note: `${what}: one NOT EXISTS on a GiST index of lessons, for each trainer and time / ours`,
  };
  const unreadRatio = sides.theirs / median(unread);
  yield {
    figure: "B6-unread",
    ours: rounded(median(unread)),
    theirs: rounded(sides.theirs),
    unit: "ms",
    ratio: rounded(unreadRatio),
    must: MUST_UNREAD_RATIO,
    holds: unreadRatio >= MUST_UNREAD_RATIO,
    note: "as B6-ratio, by a process that has asked about none of them before",
  };
}

function newCache(): ClaimCache {
  return claimCache({ maxBytes: 64 * 2 ** 20 });
}

/** As a booking does, of one claim of each. */
function noteChanges(candidates: (Candidate | undefined)[]) {
  const trainerIds = candidates.map((candidate) => candidate?.trainerId ?? "");
  return sql.unsafe`
    insert into trainer_claim_change (operator_id, trainer_id, purchase_id)
    select distinct on (trainer_id) operator_id, trainer_id, purchase_id from trainer_claim
    where operator_id = ${COMPANY_OPERATOR_ID} and trainer_id = any (${sql.array(trainerIds, "uuid")})`;
}

/** Of each trainer, how many of the times are free. */
const FREE_SLOTS = `
  select t.trainer_id, count(*)::int as free
  from unnest($1::uuid[]) as t (trainer_id)
  cross join unnest($2::timestamptz[], $3::timestamptz[]) as s (start_time, end_time)
  where not exists (
    select from lesson l
    where l.trainer_id = t.trainer_id and l.occupied && tstzrange(s.start_time, s.end_time + interval '15 minutes')
  )
  group by t.trainer_id`;
