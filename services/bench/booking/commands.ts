import { randomUUIDv7 } from "node:crypto";
import type pg from "pg";
import { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import type { BookCommand } from "../../booking/book-commands.ts";
import { newBooking, newDecision, newPurchase, newSessions } from "../../booking/booking.ts";
import { encodedAnswer, encodedTrainer, newAnswer } from "../../booking/booking-answer.ts";
import { judgedBy } from "../../booking/decision.ts";
import { COMPANY_OPERATOR_ID } from "../../booking/operator.ts";
import { rank } from "../../booking/ranking.ts";
import type { Zone } from "../../booking/zone.ts";
import { BUFFER_MINUTES, SESSION_COUNT, SESSION_MINUTES, TIME_ZONE } from "./stored-purchases.ts";
import { candidateOf, freeTime, requestOf, slotsOf, type Wish } from "./wishes.ts";
import { DAILY_SESSION_LIMIT, PLACES, studentIdOf, type Teachers, ZONE } from "./worlds.ts";

const SHORTLIST = 10;
/** What a search would have found. */
const EVERYBODY = {
  active: SHORTLIST,
  teachCourse: SHORTLIST,
  sameOperator: SHORTLIST,
  qualifiedOnEveryDate: SHORTLIST,
  reachPoint: SHORTLIST,
};

/** What booking hands to book_purchase. */
export interface StoredCommand {
  command: BookCommand;
  answer: Buffer;
  trainerAnswers: Buffer[];
}

/** For that wish, with ten candidates of whom the first is free. */
export function commandOf(number: number, teachers: Teachers, firstStudent = 0): StoredCommand {
  const time = freeTime(Math.floor(number / teachers.count));
  const candidates = Array.from({ length: SHORTLIST }, (_, index) =>
    candidateOf(teachers.from + ((number + index) % teachers.count), { ...teachers, places: 1 }),
  );
  const place = PLACES[0] ?? ZONE;
  const wish: Wish = { courseId: teachers.courseId, studentId: studentIdOf(firstStudent + number), place, ...time };
  const caller = { subject: "bench", role: Role.OPERATOR, claims: { operator_id: COMPANY_OPERATOR_ID } };
  const booking = newBooking(randomUUIDv7, requestOf(wish), caller, Temporal.Now.instant());
  const course = {
    courseId: wish.courseId,
    name: "Course",
    sessionCount: SESSION_COUNT,
    sessionMinutes: SESSION_MINUTES,
  };
  Object.assign(booking, { course, zone: BERLIN, slots: slotsOf(wish) });
  const at = { ...wish, operatorId: COMPANY_OPERATOR_ID, location: place, slots: booking.slots };
  const ranking = rank(at, candidates, new Map());
  booking.judged = judgedBy(EVERYBODY, ranking, { workloads: new Map(), gone: new Set(), directoryAgeMs: null });
  const purchase = newPurchase(booking, course, BERLIN);
  const sessions = newSessions(booking, randomUUIDv7);
  const command = {
    request: booking.request,
    purchase,
    sessions,
    candidates: ranking.ranked.map(({ candidate }) => ({
      trainer_id: candidate.trainerId,
      time_zone: TIME_ZONE,
      buffer_minutes: BUFFER_MINUTES,
      daily_session_limit: DAILY_SESSION_LIMIT,
    })),
    decision: newDecision(booking, null),
  };
  const answer = encodedAnswer(newAnswer({ purchase, sessions, slots: booking.slots, zone: BERLIN }));
  return { command, answer, trainerAnswers: ranking.ranked.map(encodedTrainer) };
}

/** Commands in the order in which pgbench takes them. As the owner of the tables, so that the service's role may read them. */
export async function storeCommands(client: pg.ClientBase, commands: Iterable<StoredCommand>): Promise<void> {
  await client.query(`
    create table bench_command (
      number bigint primary key,
      command jsonb storage external not null,
      answer bytea storage external not null,
      trainer_answers bytea[] storage external not null
    );
    create sequence bench_next`);
  let number = 0;
  const pending: StoredCommand[] = [];
  const flush = async () => {
    await client.query(
      `insert into bench_command
       select $1::bigint + number, (c ->> 'command')::jsonb, decode(c ->> 'answer', 'hex'),
         array(
           select decode(one, 'hex') from jsonb_array_elements_text(c -> 'trainerAnswers') with ordinality as t (one, rank)
           order by rank
         )
       from jsonb_array_elements($2::jsonb) with ordinality as c (c, number)`,
      [number, JSON.stringify(pending.map(inHex))],
    );
    number += pending.splice(0).length;
  };
  for (const command of commands) {
    pending.push(command);
    if (pending.length === 200) await flush();
  }
  await flush();
  await client.query("analyze bench_command");
}

function inHex({ command, answer, trainerAnswers }: StoredCommand) {
  return { command, answer: answer.toString("hex"), trainerAnswers: trainerAnswers.map((one) => one.toString("hex")) };
}

const BERLIN: Zone = {
  zoneId: ZONE.zoneId,
  operatorId: COMPANY_OPERATOR_ID,
  franchiseId: null,
  name: "Berlin",
  centre: { latitude: ZONE.latitude, longitude: ZONE.longitude },
  radiusMeters: ZONE.radiusMeters,
  timeZone: TIME_ZONE,
  countryCode: "DE",
  regionCode: "",
  version: 1,
  createTime: Temporal.Instant.from("2026-01-01T00:00:00Z"),
};
