import { z } from "zod";
import { type Queryable, sql } from "../runtime/database.ts";
import type { Diaries } from "./diary.ts";

const secondsPair = z.tuple([z.number(), z.number()]);
const diariesRow = z.object({
  /** Starts and ends. */
  studentTimes: z.array(secondsPair),
  trainers: z.array(
    z.object({
      trainerId: z.string(),
      /** Starts, seconds until the end, and from there until the buffer's. */
      lessons: z.array(z.tuple([z.number(), z.number(), z.number()])),
    }),
  ),
});

/** What the student has with anybody and the trainers have to give between two instants, in one statement. */
export async function findDiaries(
  db: Queryable,
  wanted: {
    operatorId: string;
    studentId: string;
    trainerIds: string[];
    from: Temporal.Instant;
    until: Temporal.Instant;
  },
): Promise<Diaries> {
  const { operatorId, studentId, trainerIds } = wanted;
  const from = sql.fragment`${wanted.from.toString()}::timestamptz`;
  const until = sql.fragment`${wanted.until.toString()}::timestamptz`;
  const period = sql.fragment`tstzmultirange(tstzrange(${from}, ${until}))`;
  const row = await db.one(sql.type(diariesRow)`
    select
      coalesce((
        select jsonb_agg(jsonb_build_array(extract(epoch from lower(time)), extract(epoch from upper(time))) order by time)
        from times_of_student(${studentId}, ${period}) as times cross join unnest(times * ${period}) as time
      ), '[]') as "studentTimes",
      coalesce((
        select jsonb_agg(jsonb_build_object('trainerId', trainer_id, 'lessons', lessons))
        from unnest(${sql.array(trainerIds, "uuid")}) as wanted (trainer_id)
        cross join lateral (
          select jsonb_agg(jsonb_build_array(
            extract(epoch from s.start_time), extract(epoch from s.end_time - s.start_time), s.buffer_minutes * 60
          ) order by s.start_time) as lessons
          from session s
          where s.operator_id = ${operatorId} and s.trainer_id = wanted.trainer_id
            and s.state in ('scheduled', 'completed') and s.start_time >= ${from} and s.start_time < ${until}
        ) as diary
        where lessons is not null
      ), '[]') as "trainers"
  `);
  const inMs = (seconds: number): number => seconds * 1000;
  return {
    studentTimes: row.studentTimes.map(([start, end]) => ({ startMs: inMs(start), endMs: inMs(end) })),
    lessons: new Map(
      row.trainers.map(({ trainerId, lessons }) => [
        trainerId,
        lessons.map(([start, length, buffer]) => ({
          startMs: inMs(start),
          endMs: inMs(start + length),
          bufferMs: inMs(buffer),
        })),
      ]),
    ),
  };
}
