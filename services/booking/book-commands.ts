import { z } from "zod";
import { type Database, sql } from "../runtime/database.ts";
import type { writeRefusal } from "../runtime/stored-refusal.ts";

/** JSON as book_purchase of 0042_encoded_answers.sql reads it. */
export interface BookCommand {
  request: RequestFacts;
  purchase: NewPurchase;
  sessions: NewSession[];
  candidates: {
    trainer_id: string;
    time_zone: string;
    buffer_minutes: number;
    daily_session_limit: number;
  }[];
  decision: NewDecision;
}

/** What a booking rests on without having asked. */
export interface FactsToHold {
  course: { courseId: string; name: string; sessionCount: number; sessionMinutes: number };
  zonesVersion: number;
}

/** As book_assigned_purchase reads it. */
export interface BookAssignedCommand extends Omit<BookCommand, "sessions" | "candidates"> {
  /** The purchase's. */
  trainer_id: string;
  sessions: (NewSession & { trainer_id: string })[];
  trainers: BookCommand["candidates"];
}

export interface RefuseCommand {
  request: RequestFacts;
  student_id: string;
  purchase: NewPurchase | null;
  decision: NewDecision;
  refusal: ReturnType<typeof writeRefusal>;
}

export interface RequestFacts {
  subject: string;
  role: string;
  request_id: string;
  /** Hexadecimal. */
  digest: string;
  now: string;
  trace_id: string | null;
  /** The subject on whose behalf a service asks. */
  on_behalf_of: string | null;
}

export interface NewPurchase {
  purchase_id: string;
  franchise_id: string | null;
  student_id: string;
  course_id: string;
  course_name: string;
  session_count: number;
  session_minutes: number;
  zone_id: string;
  time_zone: string;
  latitude: number;
  longitude: number;
  decision_id: string;
  create_time: string;
}

export interface NewSession {
  sequence: number;
  session_id: string;
  start_time: string;
  end_time: string;
  local_start_time: string;
}

export interface NewDecision {
  operator_id: string;
  decision_id: string;
  purchase_id: string | null;
  refusal_reason: string | null;
  /** A DecisionRecord in base64. */
  record: string;
  create_time: string;
}

const repeated = z.object({
  outcome: z.literal("repeated"),
  digest: z.string(),
  answer: z.unknown(),
  refusal: z.unknown(),
});
const studentErased = z.object({ outcome: z.literal("student_erased") });
const nobodyFree = [
  z.object({ outcome: z.literal("student_taken") }),
  z.object({ outcome: z.literal("all_taken") }),
  studentErased,
] as const;
const bookOutcome = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("booked"), trainer_id: z.string() }),
  z.object({ outcome: z.literal("outdated") }),
  ...nobodyFree,
  repeated,
]);
const bookAssignedOutcome = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("booked") }),
  ...nobodyFree,
  repeated,
]);
const refuseOutcome = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("refused") }),
  studentErased,
  repeated,
]);

const bookRow = z.object({ outcome: bookOutcome });
const bookAssignedRow = z.object({ outcome: bookAssignedOutcome });
const refuseRow = z.object({ outcome: refuseOutcome });

/** Books nothing where what is remembered does not hold. */
export function callBookPurchase(
  db: Database,
  { command, answer, trainerAnswers }: { command: BookCommand; answer: Buffer; trainerAnswers: Buffer[] },
  remembered: FactsToHold | null,
): Promise<z.output<typeof bookOutcome>> {
  const book = sql.fragment`book_purchase(
    ${JSON.stringify(command)}::jsonb, ${sql.binary(answer)}, ${sql.array(trainerAnswers, "bytea")}
  )`;
  if (!remembered) return db.oneFirst(sql.prepared("book", bookRow)`select ${book} as outcome`);
  const { course, zonesVersion } = remembered;
  const hold = sql.fragment`facts_hold(
    ${course.courseId}, ${course.name}, ${course.sessionCount}, ${course.sessionMinutes}, ${zonesVersion}
  )`;
  return db.oneFirst(sql.prepared("book", bookRow)`
    select case when ${hold} then ${book} else '{"outcome": "outdated"}' end as outcome
  `);
}

export function callBookAssignedPurchase(
  db: Database,
  command: BookAssignedCommand,
  answer: Buffer,
): Promise<z.output<typeof bookAssignedOutcome>> {
  return db.oneFirst(sql.type(bookAssignedRow)`
    select book_assigned_purchase(${JSON.stringify(command)}::jsonb, ${sql.binary(answer)}) as outcome
  `);
}

export function callRefusePurchase(db: Database, command: RefuseCommand): Promise<z.output<typeof refuseOutcome>> {
  return db.oneFirst(sql.type(refuseRow)`
    select refuse_purchase(${JSON.stringify(command)}::jsonb) as outcome
  `);
}
