import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import {
  aTrainer,
  type BookingServer,
  givenCatalogue,
  givenStudent,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";

const CALLERS = 16;

let mesh: BookingServer;
beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());

/** The reason of each refusal, "booked" for each booking. */
async function outcomes(calls: Promise<unknown>[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const result of await Promise.allSettled(calls)) {
    const outcome =
      result.status === "fulfilled"
        ? "booked"
        : (ConnectError.from(result.reason).findDetails(ErrorInfoSchema)[0]?.reason ?? String(result.reason));
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}

/** Pairs of live sessions of one trainer, or of one student, that overlap. */
function overlaps(): Promise<number> {
  return mesh.database.all.oneFirst(sql.type(z.object({ count: z.number() }))`
    select count(*) from session a join session b on a.session_id < b.session_id
      and a.state in ('scheduled', 'completed') and b.state in ('scheduled', 'completed')
      and (
        (a.trainer_id = b.trainer_id
          and a.start_time < b.end_time + make_interval(mins => b.buffer_minutes)
          and b.start_time < a.end_time + make_interval(mins => a.buffer_minutes))
        or (a.student_id = b.student_id and a.start_time < b.end_time and b.start_time < a.end_time)
      )
  `);
}

test("sixteen who want one trainer at once: one gets it, the others a refusal", async () => {
  const given = await givenCatalogue(mesh);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  const students = await Promise.all(Array.from({ length: CALLERS }, () => givenStudent(mesh)));
  const calls = students.map((studentId) =>
    mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule: weekly("17:00") }),
  );
  expect(await outcomes(calls)).toEqual(
    new Map([
      ["booked", 1],
      ["NO_TRAINER_AVAILABLE", CALLERS - 1],
    ]),
  );
  expect(await overlaps()).toBe(0);
});

test("sixteen who want the same of four trainers at once: four book, each another trainer", async () => {
  const given = await givenCatalogue(mesh);
  mesh.directory.trainers = Array.from({ length: 4 }, () => aTrainer(given.courseId));
  const students = await Promise.all(Array.from({ length: CALLERS }, () => givenStudent(mesh)));
  const calls = students.map((studentId) =>
    mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule: weekly("17:00") }),
  );
  expect(await outcomes(calls)).toEqual(
    new Map([
      ["booked", 4],
      ["NO_TRAINER_AVAILABLE", CALLERS - 4],
    ]),
  );
  expect(await overlaps()).toBe(0);
});

test("with more trainers than fit a shortlist, whoever loses all of it looks again", async () => {
  const given = await givenCatalogue(mesh);
  mesh.directory.trainers = Array.from({ length: 12 }, () => aTrainer(given.courseId));
  const students = await Promise.all(Array.from({ length: CALLERS }, () => givenStudent(mesh)));
  const calls = students.map((studentId) =>
    mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule: weekly("17:00") }),
  );
  expect(await outcomes(calls)).toEqual(
    new Map([
      ["booked", 12],
      ["NO_TRAINER_AVAILABLE", CALLERS - 12],
    ]),
  );
  expect(await overlaps()).toBe(0);
});

test("one student from sixteen sides at once: one booking, nobody sees a deadlock", async () => {
  const given = await givenCatalogue(mesh);
  mesh.directory.trainers = Array.from({ length: 4 }, () => aTrainer(given.courseId));
  const calls = Array.from({ length: CALLERS }, (_, index) =>
    mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule: weekly(`17:${10 + index}`) }),
  );
  expect(await outcomes(calls)).toEqual(
    new Map([
      ["booked", 1],
      ["STUDENT_ALREADY_BOOKED", CALLERS - 1],
    ]),
  );
  expect(await overlaps()).toBe(0);
});

test("a day's limit holds when its last places are wanted at once", async () => {
  const given = await givenCatalogue(mesh, 1);
  mesh.directory.trainers = [aTrainer(given.courseId, { dailySessionLimit: 3, bufferMinutes: 0 })];
  const students = await Promise.all(Array.from({ length: 8 }, () => givenStudent(mesh)));
  const calls = students.map((studentId, index) => {
    const localStartTimes = [`2030-01-07T${String(8 + index).padStart(2, "0")}:00`];
    const schedule = { times: { case: "explicit" as const, value: { localStartTimes } } };
    return mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule });
  });
  expect(await outcomes(calls)).toEqual(
    new Map([
      ["booked", 3],
      ["NO_TRAINER_AVAILABLE", 5],
    ]),
  );
});

test("four students from four sides each, and four trainers: each student is booked once, nobody sees a deadlock", async () => {
  const given = await givenCatalogue(mesh);
  mesh.directory.trainers = Array.from({ length: 4 }, () => aTrainer(given.courseId));
  const students = await Promise.all(Array.from({ length: 4 }, () => givenStudent(mesh)));
  const calls = Array.from({ length: CALLERS }, (_, index) => {
    const studentId = students[index % 4] ?? "";
    return mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule: weekly("17:00") });
  });
  expect(await outcomes(calls)).toEqual(
    new Map([
      ["booked", 4],
      ["STUDENT_ALREADY_BOOKED", CALLERS - 4],
    ]),
  );
  expect(await overlaps()).toBe(0);
});

test("sixteen who share the same two trainers, half of them the other way round: one of each way gets them, the rest an answer", async () => {
  const given = await givenCatalogue(mesh);
  const trainers = [aTrainer(given.courseId), aTrainer(given.courseId)];
  mesh.directory.trainers = trainers;
  const students = await Promise.all(Array.from({ length: CALLERS }, () => givenStudent(mesh)));
  const calls = students.map((studentId, index) => {
    const inOrder = index % 2 === 0 ? trainers : trainers.toReversed();
    const assignments = inOrder.map(({ trainerId }, at) => ({ trainerId, fromSequence: 1 + at * 15 }));
    const schedule = weekly("17:00");
    return mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule, assignments });
  });
  const seen = await outcomes(calls);
  // The two ways round take what the other leaves.
  expect(seen.get("booked")).toBe(2);
  expect(seen.get("ASSIGNMENT_NOT_POSSIBLE")).toBe(CALLERS - 2);
  expect(await overlaps()).toBe(0);
});
