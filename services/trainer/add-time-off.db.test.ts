import { randomUUIDv7 } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { sql } from "../runtime/database.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { givenTrainer, refusalOf, startTrainerServer, type TrainerServer } from "./testing/trainer-server.ts";

const instant = (date: string) => Temporal.Instant.from(`${date}T00:00:00Z`);
const FROM = timestampOf(Temporal.Instant.from("2026-07-01T00:00:00Z"));
const UNTIL = timestampOf(Temporal.Instant.from("2026-07-15T00:00:00Z"));

let server: TrainerServer;
beforeAll(async () => {
  server = await startTrainerServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.sessions.sessions = [];
  server.sessions.failure = null;
  server.sessions.asked = [];
  server.sessions.answers = 0;
});

async function absence() {
  const { trainerId, operatorId } = await givenTrainer(server.as("admin"));
  return { operatorId, request: { requestId: randomUUIDv7(), trainerId, startTime: FROM, endTime: UNTIL } };
}

const lesson = {
  sessionId: "5e000000-0000-7000-8000-000000000001",
  purchaseId: "5e000000-0000-7000-8000-000000000002",
  startTime: timestampOf(Temporal.Instant.from("2026-07-06T08:00:00Z")),
  endTime: timestampOf(Temporal.Instant.from("2026-07-06T09:00:00Z")),
  timeZone: "Europe/Prague",
  localStartTime: "2026-07-06T10:00:00",
};

test("a time off over booked sessions is added, and names them from one call to booking", async () => {
  const { operatorId, request } = await absence();
  server.sessions.sessions = [{ ...lesson, state: SessionState.SCHEDULED }];
  const added = await server.as("admin").trainers.addTimeOff(request);
  expect(added.trainer?.timeOff).toHaveLength(1);
  expect(added.clashingSessions).toMatchObject([lesson]);
  expect(added.clashesUnknown).toBe(false);
  expect(server.sessions.asked).toMatchObject([
    {
      operatorId,
      trainerId: request.trainerId,
      endTimeAfter: FROM,
      startTimeUntil: UNTIL,
      states: [SessionState.SCHEDULED],
    },
  ]);
});

test("when booking does not answer the time off is added, and the clashes are unknown", async () => {
  const { request } = await absence();
  server.sessions.failure = Code.Unavailable;
  const added = await server.as("admin").trainers.addTimeOff(request);
  expect(added).toMatchObject({ clashesUnknown: true, clashingSessions: [] });
  expect(added.trainer?.timeOff).toHaveLength(1);

  server.sessions.failure = null;
  server.sessions.sessions = [lesson];
  const repeated = await server.as("admin").trainers.addTimeOff(request);
  expect(repeated).toMatchObject({ clashesUnknown: false, clashingSessions: [lesson], timeOff: added.timeOff });
});

test("a time off over more sessions than booking lists at once names them all, as far as there is room", async () => {
  const lessons = Array.from({ length: 6001 }, () => ({ ...lesson, sessionId: randomUUIDv7() }));
  server.sessions.sessions = lessons.slice(0, 1200);
  const full = await server.as("admin").trainers.addTimeOff((await absence()).request);
  expect(full.clashingSessions.map(({ sessionId }) => sessionId)).toEqual(
    lessons.slice(0, 1200).map(({ sessionId }) => sessionId),
  );
  expect(full).toMatchObject({ clashesUnknown: false, moreClashingSessions: false });

  server.sessions.sessions = lessons;
  const overfull = await server.as("admin").trainers.addTimeOff((await absence()).request);
  expect(overfull.clashingSessions).toHaveLength(5000);
  expect(overfull).toMatchObject({ clashesUnknown: false, moreClashingSessions: true });
});

test("where booking falls silent in the middle, what it has told is named, and that there may be more", async () => {
  server.sessions.sessions = Array.from({ length: 1200 }, () => lesson);
  server.sessions.failure = Code.Unavailable;
  server.sessions.answers = 1;
  const added = await server.as("admin").trainers.addTimeOff((await absence()).request);
  expect(added.clashingSessions).toHaveLength(1000);
  expect(added).toMatchObject({ clashesUnknown: false, moreClashingSessions: true });
});

test("a time off in the past alone is refused; one that was added is told again when it is over", async () => {
  const { request } = await absence();
  const admin = server.as("admin").trainers;
  const past = { startTime: timestampOf(instant("2026-05-01")), endTime: timestampOf(instant("2026-06-01")) };
  const refusal = { code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["end_time"] };
  expect(await refusalOf(admin.addTimeOff({ ...request, requestId: randomUUIDv7(), ...past }))).toEqual(refusal);

  const running = { ...request, ...past, endTime: timestampOf(Temporal.Instant.from("2026-06-01T13:00:00Z")) };
  const { timeOff } = await admin.addTimeOff(running);
  server.setTime("2026-06-01T14:00:00Z");
  expect((await admin.addTimeOff(running)).timeOff).toEqual(timeOff);
  server.setTime("2026-06-01T12:00:00Z");
});

test("a trainer has so much time off that whoever reads it still gets it, and no more", async () => {
  const { operatorId, request } = await absence();
  const admin = server.as("admin").trainers;
  await server.db.query(sql.unsafe`
    insert into time_off (operator_id, trainer_id, time_off_id, start_time, end_time, note)
    select ${operatorId}::uuid, ${request.trainerId}::uuid, gen_random_uuid(), '2026-07-01', '2026-07-02', repeat('🏖', 500)
    from generate_series(1, 199)
  `);
  const add = () => admin.addTimeOff({ ...request, requestId: randomUUIDv7() });
  const { timeOff } = await add();
  expect(await refusalOf(add())).toEqual({ code: "FailedPrecondition", reason: "TOO_MUCH_TIME_OFF", fields: [] });
  expect((await admin.getTrainer(request)).trainer?.timeOff).toHaveLength(200);

  await admin.removeTimeOff({ ...request, requestId: randomUUIDv7(), timeOffId: timeOff?.timeOffId ?? "" });
  expect((await add()).trainer?.timeOff).toHaveLength(200);
});
