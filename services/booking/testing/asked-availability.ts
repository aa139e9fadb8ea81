import { z } from "zod";
import { type Database, sql } from "../../runtime/database.ts";
import { type Availability, findAvailability } from "../availability.ts";
import type { Candidate } from "../candidate.ts";
import type { ClaimCache } from "../claim-cache.ts";
import { localAt } from "../wall-clock.ts";
import { COMPANY } from "./booking-server.ts";
import { type Lesson, START } from "./sold-lessons.ts";

/** Minutes. */
export const HOUR = 60;
export const DAY = 24 * HOUR;

export function candidate(trainerId: string, more: Partial<Candidate> = {}): Candidate {
  return {
    trainerId,
    version: 1,
    operatorId: COMPANY,
    name: "Ada",
    active: true,
    timeZone: "Europe/Berlin",
    base: { latitude: 52.5, longitude: 13.4 },
    travelRadiusMeters: 1000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: [],
    qualifications: [],
    timeOff: [],
    ...more,
  };
}

/** Lessons of an hour each that begin at these minutes. */
export function slotsAt(...starts: number[]) {
  return starts
    .toSorted((a, b) => a - b)
    .map((start, index) => {
      const startTime = START.add({ minutes: start });
      const localStartTime = localAt(startTime.epochMilliseconds);
      return { sequence: index + 1, startTime, endTime: startTime.add({ minutes: HOUR }), localStartTime };
    });
}
/** Of an hour. */
export function lesson(trainerId: string, start: number): Lesson {
  return { trainerId, start, minutes: HOUR, buffer: 15 };
}

/** Lessons of an hour each, and now, in minutes from START. */
export interface Asked {
  studentId: string;
  starts: number[];
  candidates: Candidate[];
  now: number;
}

/** By what is kept of the claims. */
export function findKept(
  deps: { db: Database; claims: ClaimCache },
  { studentId, starts, candidates, now }: Asked,
): Promise<Availability> {
  const slots = slotsAt(...starts);
  return findAvailability(deps, {
    ...{ operatorId: COMPANY, studentId, slots, candidates },
    now: START.add({ minutes: now }),
  });
}

/** The same from the claims themselves, by the statement of which nothing is kept in memory. */
export async function findAnew(db: Database, { studentId, starts, candidates, now }: Asked) {
  const slots = slotsAt(...starts);
  const row = z.object({
    told: z.object({
      studentClashes: z.array(z.number()),
      bookedSessionCounts: z.array(z.number()),
      clashingSessionCounts: z.array(z.number()),
      overDailyLimits: z.array(z.number().nullable()),
      taughtBefore: z.array(z.string()),
    }),
  });
  const all = await db.oneFirst(sql.type(row)`
    select find_availability(
      ${COMPANY}, ${studentId},
      ${sql.array(
        slots.map(({ startTime }) => startTime.toString()),
        "timestamptz",
      )},
      ${sql.array(
        slots.map(({ endTime }) => endTime.toString()),
        "timestamptz",
      )},
      ${sql.array(
        candidates.map(({ trainerId }) => trainerId),
        "uuid",
      )},
      ${sql.array(
        candidates.map(({ timeZone }) => timeZone),
        "text",
      )},
      ${sql.array(
        candidates.map(({ bufferMinutes }) => bufferMinutes),
        "int4",
      )},
      ${sql.array(
        candidates.map(({ dailySessionLimit }) => dailySessionLimit),
        "int4",
      )},
      ${START.add({ minutes: now }).toString()}
    ) as told
  `);
  return {
    studentClashes: all.studentClashes,
    workloads: candidates.map(({ trainerId }, index) => ({
      trainerId,
      bookedSessionCount: all.bookedSessionCounts[index],
      clashingSessionCount: all.clashingSessionCounts[index],
      overDailyLimit: all.overDailyLimits[index],
      taughtBefore: all.taughtBefore.includes(trainerId),
    })),
  };
}

/** Does something to the first session of a purchase, unless the claims of others forbid it. */
export async function changeFirst(
  db: Database,
  change: string,
  { purchaseId, trainerId }: { purchaseId: string | undefined; trainerId: string },
): Promise<void> {
  if (!purchaseId) return;
  const first = sql.fragment`purchase_id = ${purchaseId} and sequence = 1`;
  const statements = {
    cancel: sql.unsafe`update session set state = 'cancelled' where ${first} and state = 'scheduled'`,
    reopen: sql.unsafe`update session set state = 'scheduled' where ${first}`,
    move: sql.unsafe`
      update session set start_time = start_time + interval '25 hours', end_time = end_time + interval '25 hours'
      where ${first}`,
    pass: sql.unsafe`update session set trainer_id = ${trainerId} where ${first}`,
    delete: sql.unsafe`delete from session where ${first}`,
  };
  const statement = statements[change as keyof typeof statements];
  await db.query(statement).catch(() => undefined);
}
