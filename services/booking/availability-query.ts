import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import { type Slot, textsOf } from "./slot.ts";
import { bitsOf, type Hours } from "./week-hours.ts";

/** What is asked of the database. */
export interface Question {
  operatorId: string;
  studentId: string;
  slots: Slot[];
  /** As of when the operator's claims are known. */
  known: { snapshot: string; epoch: string } | undefined;
  /** Of whom more is to be told than what has changed; meant by their numbers here, from 1. */
  trainers: { trainerId: string; more: More; timeZone: string; dailySessionLimit: number }[];
  slotHours: Hours;
  dayHours: Hours;
  /** The most slots that one local day may hold. */
  peak: number;
  /** Claims that were over by then are not read. */
  sinceMs: number;
  /** Claims whose times are to be told. */
  timed: { trainerId: string; purchaseId: string }[];
}

/** All claims of a trainer; the slots that are too many for its days; or that, if its claims have changed. */
export type More = "read" | "count" | "watch";

/** As 0110_changed_claims.sql tells it. */
const answerRow = z.object({
  availability: z.discriminatedUnion("outcome", [
    z.object({ outcome: z.literal("outdated"), epoch: z.string().nullable() }),
    z.object({
      outcome: z.literal("told"),
      epoch: z.string().nullable(),
      snapshot: z.string(),
      changes: z.string(),
      diaries: z.string(),
      times: z.string(),
      overDailyLimits: z.array(z.tuple([z.number(), z.number()])),
      studentClashes: z.array(z.number()),
      taughtBefore: z.array(z.string()),
    }),
  ]),
});

type Answer = z.output<typeof answerRow>["availability"];
export type ToldAvailability = Extract<Answer, { outcome: "told" }>;

export function readAvailability(
  db: Database,
  { operatorId, studentId, slots, known, trainers, slotHours, dayHours, peak, sinceMs, timed }: Question,
): Promise<Answer> {
  const texts = slots.map(textsOf);
  return db.oneFirst(sql.prepared("availability", answerRow)`
    select read_availability(
      ${operatorId}, ${studentId},
      ${plainArray(texts.map(({ startTime }) => startTime))}, ${plainArray(texts.map(({ endTime }) => endTime))},
      ${known?.snapshot ?? null}, ${known?.epoch ?? null},
      ${plainArray(trainers.map(({ trainerId }) => trainerId))}, ${plainArray(trainers.map(({ more }) => more))},
      ${sql.array(
        trainers.map(({ timeZone }) => timeZone),
        "text",
      )},
      ${plainArray(trainers.map(({ dailySessionLimit }) => dailySessionLimit))},
      ${bitsOf(slotHours)}, ${bitsOf(dayHours)}, ${peak}, ${new Date(sinceMs).toISOString()},
      ${plainArray(timed.map(({ trainerId }) => trainerId))}, ${plainArray(timed.map(({ purchaseId }) => purchaseId))}
    ) as availability
  `);
}

/** As Postgres reads an array, of what needs no quotes: the driver would look at each element for them. */
function plainArray(values: readonly (string | number)[]): string {
  return `{${values.join()}}`;
}
