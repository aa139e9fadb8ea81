import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  explicit,
  givenCatalogue,
  givenStudent,
  startBookingServer,
} from "./testing/booking-server.ts";
import { commandOf, draws, FIRST_HOUR, send } from "./testing/schedule-commands.ts";
import { changesOf, overlaps, wrongClaims } from "./testing/schedule-invariants.ts";
import { apply, trainerTaken } from "./testing/schedule-model.ts";
import { type KnownPurchase, readSchedule } from "./testing/schedule-state.ts";

const CALLERS = 16;

/** What somebody may be told who was not alone; nobody sees a deadlock or a constraint. */
const REFUSALS = [
  "ok",
  "ETAG_MISMATCH",
  "NO_SESSION_AHEAD",
  "NO_TRAINER_AVAILABLE",
  "PURCHASE_STATE_CONFLICT",
  "SESSION_STATE_CONFLICT",
  "STUDENT_ALREADY_BOOKED",
  "TRAINER_NOT_ELIGIBLE",
];

let mesh: BookingServer;
beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());

async function newWorld() {
  const given = await givenCatalogue(mesh, 2);
  const trainers = [0, 1].map(() => aTrainer(given.courseId, { bufferMinutes: 0, dailySessionLimit: 50 }));
  mesh.directory.trainers = trainers;
  const students = [given.studentId, await givenStudent(mesh), await givenStudent(mesh)];
  const operator = mesh.bookingsAs(Role.OPERATOR, { sub: "olga", operator_id: COMPANY });
  return { given, students, callers: [mesh.bookings, operator], trainers: trainers.map(({ trainerId }) => trainerId) };
}

function read(students: string[]): Promise<KnownPurchase[]> {
  return readSchedule(mesh.database.all, students, FIRST_HOUR);
}

/** All but what the model does not know. */
function comparable(schedule: KnownPurchase[]) {
  return schedule.map(({ sessions, ...purchase }) => ({
    ...purchase,
    sessions: sessions.map(({ state, hour, trainer }) => ({ state, hour, trainer })),
  }));
}

async function expectSound(students: string[]): Promise<void> {
  expect(await wrongClaims(mesh.database.all)).toBe(0);
  expect(await overlaps(mesh.database.all)).toBe(0);
  for (const { version, audited, told } of await changesOf(mesh.database.all, students)) {
    expect({ audited, told }).toEqual({ audited: version, told: version });
  }
}

async function outcomesOf(calls: Promise<string>[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const outcome of await Promise.all(calls)) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
}

test("one after the other, random commands of several callers do what the model says, and are noted once each", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(draws, { minLength: 10, maxLength: 30 }), async (sequence) => {
      const world = await newWorld();
      for (const draw of sequence) {
        const before = await read(world.students);
        const command = commandOf(draw, before, world.trainers);
        const sent = structuredClone(command);
        const expected = apply(before, command, world.trainers);
        const by = world.callers[draw.who % 2] ?? mesh.bookings;
        expect(await send(by, sent, world)).toBe(expected);

        const after = await read(world.students);
        if (command.kind === "book") {
          const [made, ...more] = after.filter(({ purchaseId }) => !before.some((p) => p.purchaseId === purchaseId));
          expect(more).toEqual([]);
          expect(made).toMatchObject({ student: command.student, state: expected === "ok" ? "assigned" : "refused" });
          if (expected === "ok") {
            const hours = [command.first, command.second].sort();
            expect(trainerTaken(before, made?.trainer ?? "", hours)).toBe(false);
            expect(made?.sessions.map(({ hour }) => hour)).toEqual(hours);
          }
          expect(comparable(after.filter((purchase) => purchase !== made))).toEqual(comparable(before));
        } else {
          expect(comparable(after)).toEqual(comparable(before));
        }
      }
      await expectSound(world.students);
    }),
    { numRuns: 12, endOnFailure: true }, // a failure prints its seed
  );
}, 300_000);

test("at once, random commands of sixteen callers end in what holds, each refused in words or noted once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(draws, { minLength: CALLERS, maxLength: CALLERS }), { minLength: 3, maxLength: 5 }),
      async (rounds) => {
        const world = await newWorld();
        for (const round of rounds) {
          const known = await read(world.students);
          const sent = round.map((draw) => {
            const by = world.callers[draw.who % 2] ?? mesh.bookings;
            return send(by, commandOf(draw, known, world.trainers), world);
          });
          for (const outcome of await Promise.all(sent)) expect(REFUSALS).toContain(outcome);
          await expectSound(world.students);
        }
      },
    ),
    { numRuns: 6, endOnFailure: true }, // a failure prints its seed
  );
}, 300_000);

/** As many purchases of the one trainer, one session each, by students of their own: at eight o'clock of a day each. */
async function apart(count: number) {
  const given = await givenCatalogue(mesh, 1);
  const trainer = aTrainer(given.courseId);
  mesh.directory.trainers = [trainer];
  const students = await Promise.all(Array.from({ length: count }, () => givenStudent(mesh)));
  const sessions = [];
  for (const [index, studentId] of students.entries()) {
    const schedule = explicit(`2030-02-${String(index + 1).padStart(2, "0")}T08:00`);
    const booked = await mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule });
    sessions.push(...booked.sessions);
  }
  return { given, students, sessions };
}

const refusedOr = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => ConnectError.from(error).rawMessage,
  );

test("sixteen who move a session to the same time at once: one gets it", async () => {
  const { students, sessions } = await apart(CALLERS);
  const calls = sessions.map(({ sessionId, etag }) =>
    refusedOr(
      mesh.bookings.rescheduleSession({ requestId: randomUUID(), sessionId, etag, localStartTime: "2030-03-04T10:00" }),
    ),
  );
  expect(await outcomesOf(calls)).toEqual(
    new Map([
      ["ok", 1],
      ["The trainer has other lessons then, or too close: 2030-03-04T10:00.", CALLERS - 1],
    ]),
  );
  await expectSound(students);
});

test("eight who move there and eight who book there: one gets it", async () => {
  const { given, students, sessions } = await apart(8);
  const localStartTime = "2030-03-05T10:00";
  const others = await Promise.all(Array.from({ length: 8 }, () => givenStudent(mesh)));
  const moves = sessions.map(({ sessionId, etag }) =>
    refusedOr(mesh.bookings.rescheduleSession({ requestId: randomUUID(), sessionId, etag, localStartTime })),
  );
  const bookings = others.map((studentId) =>
    refusedOr(
      mesh.bookings.bookPurchase({ ...given, studentId, requestId: randomUUID(), schedule: explicit(localStartTime) }),
    ),
  );
  const outcomes = await outcomesOf([...moves, ...bookings]);
  expect(outcomes.get("ok")).toBe(1);
  for (const outcome of outcomes.keys()) expect(outcome).toMatch(/^(ok$|The trainer has other|Nobody can teach)/);
  await expectSound([...students, ...others]);
});

test("sixteen who complete and cancel one session at once: one of the two happens, whole", async () => {
  const { students, sessions } = await apart(1);
  const [{ sessionId, etag } = { sessionId: "", etag: "" }] = sessions;
  const after = { headers: { "cadre-time": "2030-04-01T00:00:00Z" } };
  const calls = Array.from({ length: CALLERS }, (_, index) =>
    refusedOr(
      index % 2 === 0
        ? mesh.bookings.completeSession({ requestId: randomUUID(), sessionId }, after)
        : mesh.bookings.cancelSession({ requestId: randomUUID(), sessionId, etag }),
    ),
  );
  const outcomes = await outcomesOf(calls);
  expect(outcomes.get("ok")).toBe(CALLERS / 2);
  expect([...outcomes.keys()].filter((outcome) => outcome !== "ok")).toEqual([
    expect.stringMatching(/^The session is (completed; it cannot be cancelled|cancelled; it cannot be completed)\.$/),
  ]);
  await expectSound(students);
});
