import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import type { RequestFacts } from "./book-commands.ts";
import type { Point } from "./point.ts";
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
  return db.one(sql.prepared("facts", factsRow)`
    select student_exists as "studentExists", course, zone, earlier
    from find_facts(
      ${wanted.studentId}, ${wanted.courseId}, ${latitude}, ${longitude},
      ${advice?.located?.zone.zoneId ?? null}, ${advice?.version ?? null},
      ${asked?.request.subject ?? null}, ${asked?.request.request_id ?? null},
      decode(${asked?.request.digest ?? null}, 'hex'), ${asked?.now.toString() ?? null}
    )
  `);
}
