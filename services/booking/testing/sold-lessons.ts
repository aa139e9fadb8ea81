import { randomUUID } from "node:crypto";
import { type Queryable, sql } from "../../runtime/database.ts";
import { COMPANY } from "./booking-server.ts";

/** A lesson of one trainer's, in minutes from START. */
export interface Lesson {
  trainerId: string;
  start: number;
  minutes: number;
  buffer: number;
}

/** From when lessons are counted. */
export const START = Temporal.Instant.from("2031-01-01T00:00:00Z");

/** Writes a purchase and its sessions past all code; its id. In the caller's transaction if it is one. */
export async function sell(
  db: Queryable,
  { studentId, courseId, zoneId }: { studentId: string; courseId: string; zoneId: string },
  lessons: Lesson[],
): Promise<string> {
  const purchaseId = randomUUID();
  await db.transaction(async (tx) => {
    await tx.query(sql.unsafe`
      insert into purchase (
        purchase_id, student_id, course_id, course_name, session_count, session_minutes, zone_id, time_zone, latitude,
        longitude, state, trainer_id, decision_id, create_time
      ) values (
        ${purchaseId}, ${studentId}, ${courseId}, 'A course', ${lessons.length}, 60, ${zoneId}, 'UTC', 0, 0,
        'assigned', ${lessons[0]?.trainerId ?? randomUUID()}, ${randomUUID()}, now()
      )`);
    const rows = lessons.map(({ trainerId, start, minutes, buffer }, index) => [
      COMPANY,
      purchaseId,
      index + 1,
      randomUUID(),
      studentId,
      trainerId,
      START.add({ minutes: start }).toString(),
      START.add({ minutes: start + minutes }).toString(),
      buffer,
      "UTC",
      "2031-01-01T00:00",
    ]);
    await tx.query(sql.unsafe`
      insert into session (
        operator_id, purchase_id, sequence, session_id, student_id, trainer_id, start_time, end_time, buffer_minutes,
        time_zone, local_start_time
      )
      select * from ${sql.unnest(rows, [
        "uuid",
        "uuid",
        "int4",
        "uuid",
        "uuid",
        "uuid",
        "timestamptz",
        "timestamptz",
        "int4",
        "text",
        "timestamp",
      ])}`);
  });
  return purchaseId;
}
