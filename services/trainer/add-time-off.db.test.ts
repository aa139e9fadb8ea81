import { randomUUIDv7 } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { sql } from "../runtime/database.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import { givenTrainer, refusalOf, startTrainerServer, type TrainerServer } from "./testing/trainer-server.ts";

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
