import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import type { Candidate } from "./candidate.ts";
import { type Slot, textsOf } from "./slot.ts";
import { bitsOf, type Hours } from "./week-hours.ts";

/** What is asked of the database; trainers are meant by their number among the candidates, from 1. */
export interface Question {
  operatorId: string;
  studentId: string;
  slots: Slot[];
  candidates: Candidate[];
  /** For each candidate, from which transaction on a change of its claims is news; null to be told of all. */
  known: (bigint | null)[];
  /** In which epoch of the database's notes that was. */
  knownIn: string | null;
  slotHours: Hours;
  dayHours: Hours;
  /** The most slots that one local day may hold. */
  peak: number;
  since: Temporal.Instant;
  /** Claims whose times are to be told. */
  timed: { number: number; purchaseId: string }[];
  /** Whose slots are to be counted by days. */
  counted: number[];
}

/** As 0100_changes_of_claims.sql tells it. */
const answerRow = z.object({
  availability: z.object({
    epoch: z.string().nullable(),
    news: z.string().transform(BigInt),
    diaries: z.string(),
    times: z.array(z.tuple([z.number(), z.string(), z.string().nullable()])),
    overDailyLimits: z.array(z.tuple([z.number(), z.number()])),
    studentClashes: z.array(z.number()),
    taughtBefore: z.array(z.string()),
  }),
});

export type AvailabilityAnswer = z.output<typeof answerRow>["availability"];

export function readAvailability(db: Database, question: Question): Promise<AvailabilityAnswer> {
  const { operatorId, studentId, slots, candidates, known, knownIn, slotHours, dayHours } = question;
  const { peak, since, timed, counted } = question;
  const timeZones = [...new Set(candidates.map(({ timeZone }) => timeZone))];
  return db.oneFirst(sql.prepared("availability", answerRow)`
    select read_availability(
      ${operatorId}, ${studentId},
      ${plainArray(slots.map((slot) => textsOf(slot).startTime))}, ${plainArray(slots.map((slot) => textsOf(slot).endTime))},
      ${plainArray(candidates.map(({ trainerId }) => trainerId))},
      ${plainArray(known.map((transaction) => transaction ?? "null"))}, ${knownIn},
      ${sql.array(timeZones, "text")}, ${plainArray(candidates.map(({ timeZone }) => timeZones.indexOf(timeZone) + 1))},
      ${plainArray(candidates.map(({ dailySessionLimit }) => dailySessionLimit))},
      ${bitsOf(slotHours)}, ${bitsOf(dayHours)}, ${peak}, ${since.toString()},
      ${plainArray(timed.map(({ number }) => number))}, ${plainArray(timed.map(({ purchaseId }) => purchaseId))},
      ${plainArray(counted)}
    ) as availability
  `);
}

/** As Postgres reads an array, of what needs no quotes: the driver would look at each element for them. */
function plainArray(values: readonly (string | number | bigint)[]): string {
  return `{${values.join()}}`;
}
