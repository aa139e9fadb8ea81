import type pg from "pg";
import { findAvailability } from "../../booking/availability.ts";
import { claimCache } from "../../booking/claim-cache.ts";
import { COMPANY_OPERATOR_ID } from "../../booking/operator.ts";
import { openDatabase } from "../../runtime/database.ts";
import { type Figure, rounded } from "../figure.ts";
import { paired } from "../paired.ts";
import { millisecondsOf } from "./at-once.ts";
import type { BookingDatabase } from "./mesh.ts";
import { candidateOf, slotsOf, type Wish, wishAt } from "./wishes.ts";
import type { Teachers } from "./worlds.ts";

const MUST_MS = 20;
const MUST_RATIO = 100;

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
  const claims = claimCache({ maxClaims: 1_000_000, nowMs: () => performance.now() });
  let free = 0;
  const ours = () =>
    millisecondsOf(async () => {
      const { workloads } = await findAvailability({ db, claims }, wanted);
      free = workloads.filter(({ clashingSessionCount }) => clashingSessionCount === 0).length;
    });
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
  const sides = await paired(ours, theirs).finally(() => db.end());
  const ratio = sides.theirs / sides.ours;
  const what = `${teachers.count} trainers × ${slots.length} times, ${free} of them free`;
  yield {
    figure: "B6",
    ours: rounded(sides.ours),
    theirs: null,
    unit: "ms",
    ratio: rounded(sides.ours),
    must: MUST_MS,
    holds: sides.ours <= MUST_MS,
    note: `who is free, ${what}, with what each has to give yet; ratio is ours`,
  };
  yield {
    figure: "B6-ratio",
    ours: rounded(sides.ours),
    theirs: rounded(sides.theirs),
    unit: "ms",
    ratio: rounded(ratio),
    must: MUST_RATIO,
    holds: ratio >= MUST_RATIO,
    note: `${what}: one NOT EXISTS on a GiST index of lessons, for each trainer and time / ours`,
  };
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
