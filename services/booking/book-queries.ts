import { z } from "zod";
import { type Database, type Queryable, sql } from "../runtime/database.ts";
import type { RequestFacts } from "./book-commands.ts";
import type { Candidate } from "./candidate.ts";
import type { Point } from "./point.ts";
import type { Workload } from "./ranking.ts";
import { type Slot, textsOf } from "./schedule.ts";
import type { Advice } from "./zone-directory.ts";

const courseFacts = z.object({
  courseId: z.string(),
  name: z.string(),
  sessionCount: z.number(),
  sessionMinutes: z.number(),
});

const zoneFacts = z.object({
  zoneId: z.string(),
  operatorId: z.string(),
  franchiseId: z.string().nullable(),
  name: z.string(),
  centre: z.object({ latitude: z.number(), longitude: z.number() }),
  radiusMeters: z.number(),
  timeZone: z.string(),
  countryCode: z.string(),
  regionCode: z.string(),
  version: z.number(),
  createTime: z.string().transform((text) => Temporal.Instant.from(text)),
});

const factsRow = z.object({
  studentExists: z.boolean(),
  course: courseFacts.nullable(),
  zone: zoneFacts.nullable(),
  earlier: z.object({ digest: z.string(), answer: z.unknown(), refusal: z.unknown() }).nullable(),
});

export type CourseFacts = z.output<typeof courseFacts>;

/**
 * Everything that a booking rests on before trainers are looked at, and the answer if it was answered before. The advice
 * spares the search for the zone, and is taken only as long as no zone has changed since.
 */
export function findFacts(
  db: Database,
  wanted: { studentId: string; courseId: string; location: Point },
  advice: Advice | null,
  asked: { request: RequestFacts; now: Temporal.Instant } | null,
) {
  const { latitude, longitude } = wanted.location;
  return db.one(sql.type(factsRow)`
    select student_exists as "studentExists", course, zone, earlier
    from find_facts(
      ${wanted.studentId}, ${wanted.courseId}, ${latitude}, ${longitude},
      ${advice?.located?.zone.zoneId ?? null}, ${advice?.version ?? null},
      ${asked?.request.subject ?? null}, ${asked?.request.request_id ?? null},
      decode(${asked?.request.digest ?? null}, 'hex'), ${asked?.now.toString() ?? null}
    )
  `);
}

/** As 0071_availability_in_less_time.sql tells it. */
const availabilityRow = z.object({
  availability: z.object({
    studentClashes: z.array(z.number()),
    bookedSessionCounts: z.array(z.number()),
    clashingSessionCounts: z.array(z.number()),
    overDailyLimits: z.array(z.number().nullable()),
    taughtBefore: z.array(z.string()),
  }),
});

export interface Availability {
  /** Sequences of the slots in which the student has a lesson already, with any operator. */
  studentClashes: number[];
  workloads: Workload[];
}

/** How free the student and all candidates are: one statement, and one index scan for all of them. */
export async function findAvailability(
  db: Queryable,
  wanted: {
    operatorId: string;
    studentId: string;
    slots: Slot[];
    candidates: Candidate[];
    now: Temporal.Instant;
  },
): Promise<Availability> {
  const { operatorId, studentId, slots, candidates, now } = wanted;
  const found = await db.oneFirst(sql.type(availabilityRow)`
    select find_availability(
      ${operatorId}, ${studentId},
      ${plainArray(slots.map((slot) => textsOf(slot).startTime))}, ${plainArray(slots.map((slot) => textsOf(slot).endTime))},
      ${plainArray(candidates.map(({ trainerId }) => trainerId))},
      ${sql.array(
        candidates.map(({ timeZone }) => timeZone),
        "text",
      )},
      ${plainArray(candidates.map(({ bufferMinutes }) => bufferMinutes))},
      ${plainArray(candidates.map(({ dailySessionLimit }) => dailySessionLimit))},
      ${now.toString()}
    ) as availability
  `);
  const taughtBefore = new Set(found.taughtBefore);
  const workloads = candidates.map(({ trainerId }, index) => ({
    trainerId,
    bookedSessionCount: found.bookedSessionCounts[index] ?? 0,
    clashingSessionCount: found.clashingSessionCounts[index] ?? 0,
    overDailyLimit: found.overDailyLimits[index] ?? null,
    taughtBefore: taughtBefore.has(trainerId),
  }));
  return { studentClashes: found.studentClashes, workloads };
}

/** As Postgres reads an array, of what needs no quotes: the driver would look at each element for them. */
function plainArray(values: readonly (string | number)[]): string {
  return `{${values.join()}}`;
}
