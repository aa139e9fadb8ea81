import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { z } from "zod";
import { sql } from "../runtime/database.ts";
import { constraintOf } from "../runtime/database-errors.ts";
import { type BookingServer, givenCatalogue, givenStudent, startBookingServer } from "./testing/booking-server.ts";
import { type Lesson, sell } from "./testing/sold-lessons.ts";

// What the database refuses whatever the code does: these tests write as the application's role, past all code.

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;

beforeAll(async () => {
  mesh = await startBookingServer();
  given = await givenCatalogue(mesh);
});
afterAll(() => mesh.close());

const buy = (studentId: string, lessons: Lesson[]) => sell(mesh.database.all, { ...given, studentId }, lessons);

async function constraintBroken(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (error: unknown) => constraintOf(error) ?? String(error),
  );
}

const lesson = (trainerId: string, start: number, more: Partial<Lesson> = {}): Lesson => ({
  trainerId,
  start,
  minutes: 60,
  buffer: 15,
  ...more,
});

test("no trainer is in two places at once, for any overlap and not only for equal starts", async () => {
  const trainer = randomUUID();
  await buy(await givenStudent(mesh), [lesson(trainer, 600)]);
  const broken = async (start: number) => constraintBroken(buy(await givenStudent(mesh), [lesson(trainer, start)]));
  for (const start of [541, 601, 630, 674]) expect(await broken(start)).toBe("trainer_claim_overlap");
  expect(await broken(600)).toBe("session_trainer_start");
  expect(await broken(675)).toBeNull();
});

test("no student is in two places at once, also across operators' trainers; back to back is legal", async () => {
  const student = await givenStudent(mesh);
  await buy(student, [lesson(randomUUID(), 600)]);
  expect(await constraintBroken(buy(student, [lesson(randomUUID(), 659)]))).toBe("student_claim_overlap");
  expect(await constraintBroken(buy(student, [lesson(randomUUID(), 660)]))).toBeNull();
});

test("a purchase cannot overlap itself, though a multirange would merge it", async () => {
  const trainer = randomUUID();
  const student = await givenStudent(mesh);
  expect(await constraintBroken(buy(student, [lesson(trainer, 0), lesson(trainer, 59)]))).toBe("session_overlap");
  expect(await constraintBroken(buy(student, [lesson(trainer, 0), lesson(trainer, 74)]))).toBe("session_overlap");
  expect(await constraintBroken(buy(student, [lesson(trainer, 0), lesson(randomUUID(), 60)]))).toBeNull();
});

test("a cancelled session frees its own time and leaves its neighbour's buffer", async () => {
  const trainer = randomUUID();
  const purchaseId = await buy(await givenStudent(mesh), [
    lesson(trainer, 0),
    lesson(trainer, 75),
    lesson(trainer, 200),
  ]);
  await mesh.database.all.query(
    sql.unsafe`update session set state = 'cancelled' where purchase_id = ${purchaseId} and sequence = 2`,
  );
  const other = () => givenStudent(mesh);
  expect(await constraintBroken(buy(await other(), [lesson(trainer, 74, { minutes: 10 })]))).toBe(
    "trainer_claim_overlap",
  );
  expect(await constraintBroken(buy(await other(), [lesson(trainer, 75, { minutes: 110 })]))).toBeNull();
});

test("two trainers can be swapped in one statement", async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  const first = await buy(await givenStudent(mesh), [lesson(a, 600)]);
  const second = await buy(await givenStudent(mesh), [lesson(b, 600)]);
  await mesh.database.all.query(sql.unsafe`
    update session set trainer_id = case when trainer_id = ${a}::uuid then ${b}::uuid else ${a}::uuid end
    where purchase_id in (${first}, ${second})
  `);
  const claims = await mesh.database.all.any(
    sql.type(z.object({ purchase_id: z.string(), trainer_id: z.string() }))`
      select purchase_id, trainer_id from trainer_claim where purchase_id in (${first}, ${second})`,
  );
  expect(new Map(claims.map((claim) => [claim.purchase_id, claim.trainer_id]))).toEqual(
    new Map([
      [first, b],
      [second, a],
    ]),
  );
});

test("the hours of the week that a lesson touches are counted from 1970 on, round its end, and are all of them at most", async () => {
  const touched = async (start: number, minutes: number) => {
    const from = Temporal.Instant.fromEpochMilliseconds(start * 60_000);
    const bits = await mesh.database.all.oneFirst(
      sql.type(z.object({ bits: z.string() }))`
        select hours_of_week(${from.toString()}, ${from.add({ minutes }).toString()})::text as bits`,
    );
    return [...bits].flatMap((bit, hour) => (bit === "1" ? [hour] : []));
  };
  const week = 168 * 60;
  expect(await touched(61, 59)).toEqual([1]);
  expect(await touched(61, 60)).toEqual([1, 2]);
  expect(await touched(1000 * week + 167 * 60 + 30, 60)).toEqual([0, 167]);
  expect(await touched(167 * 60, 60)).toEqual([167]);
  expect(await touched(30, week)).toHaveLength(168);
  expect(await touched(5 * 60, 2 * week)).toHaveLength(168);
});

test("nobody writes claims past the sessions", async () => {
  const { all: db } = mesh.database;
  await expect(db.query(sql.unsafe`delete from trainer_claim`)).rejects.toThrow(/claims follow from the sessions/);
  await expect(db.query(sql.unsafe`update student_claim set times = '{}'`)).rejects.toThrow(
    /claims follow from the sessions/,
  );
});

test("whatever is written, the claims are what a model says, and it is refused exactly when the model refuses", async () => {
  const lessons = fc.array(
    fc.record({
      trainer: fc.integer({ min: 0, max: 1 }),
      start: fc.integer({ min: 0, max: 300 }),
      minutes: fc.integer({ min: 1, max: 90 }),
      buffer: fc.constantFrom(0, 15),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const purchases = fc.array(fc.record({ student: fc.integer({ min: 0, max: 1 }), lessons }), { maxLength: 8 });

  await fc.assert(
    fc.asyncProperty(purchases, async (world) => {
      const trainers = [randomUUID(), randomUUID()];
      const students = [await givenStudent(mesh), await givenStudent(mesh)];
      const accepted: { student: string; trainer: string; start: number; end: number; buffer: number }[] = [];
      for (const { student, lessons } of world) {
        const wanted = lessons.map(({ trainer, start, minutes, buffer }) => ({
          student: students[student] ?? "",
          trainer: trainers[trainer] ?? "",
          start,
          end: start + minutes,
          buffer,
        }));
        const broken = await constraintBroken(
          buy(
            students[student] ?? "",
            wanted.map(({ trainer, start, end, buffer }) => ({
              trainerId: trainer,
              start,
              minutes: end - start,
              buffer,
            })),
          ),
        );
        const all = [...accepted, ...wanted];
        const clash = wanted.some((one, index) =>
          all.some(
            (other, position) =>
              position !== accepted.length + index &&
              ((one.student === other.student && one.start < other.end && other.start < one.end) ||
                (one.trainer === other.trainer &&
                  one.start < other.end + other.buffer &&
                  other.start < one.end + one.buffer)),
          ),
        );
        expect({ world, refused: broken !== null }).toEqual({ world, refused: clash });
        if (broken === null) accepted.push(...wanted);
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);
