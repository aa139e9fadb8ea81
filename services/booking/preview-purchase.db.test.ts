import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Removal } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { ExplanationSchema } from "../../gen/cadre/booking/v1/explanation_pb.ts";
import type { ScheduleSchema } from "../../gen/cadre/booking/v1/schedule_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  givenStudent,
  skippedHour,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;

beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());
beforeEach(async () => {
  given = await givenCatalogue(mesh);
  mesh.directory.trainers = [aTrainer(given.courseId)];
});

function wish(schedule: MessageInitShape<typeof ScheduleSchema> = weekly("17:00"), more: object = {}) {
  const { studentId, courseId, location } = given;
  return { studentId, courseId, location, schedule, ...more };
}

async function refusalOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(() => undefined, ConnectError.from);
  if (!error) throw new Error("the call succeeded");
  return error;
}

async function previewed(request: ReturnType<typeof wish>) {
  const { outcome } = await mesh.bookings.previewPurchase(request);
  if (outcome.case !== "refused") throw new Error("it is possible");
  return outcome.value;
}

test("a preview says what the booking then does, and changes nothing", async () => {
  const { outcome } = await mesh.bookings.previewPurchase(wish());
  expect((await mesh.bookings.listPurchases({ studentId: given.studentId })).purchases).toEqual([]);
  const booked = await mesh.bookings.bookPurchase({ ...wish(), requestId: randomUUID() });
  expect(outcome).toMatchObject({
    case: "possible",
    value: {
      zone: booked.zone,
      trainer: booked.trainer,
      sessions: booked.sessions.map(({ sequence, startTime, endTime, localStartTime }) => ({
        ...{ sequence, startTime, endTime, localStartTime },
      })),
    },
  });
});

test("a previewed refusal says what the booking's refusal says", async () => {
  await mesh.bookings.bookPurchase({ ...wish(), requestId: randomUUID() });
  const request = wish(weekly("17:30"), { studentId: await givenStudent(mesh) });
  const { info, message, explanation } = await previewed(request);
  const error = await refusalOf(mesh.bookings.bookPurchase({ ...request, requestId: randomUUID() }));
  expect(info?.reason).toBe("NO_TRAINER_AVAILABLE");
  expect(error.rawMessage).toBe(message);
  expect(error.findDetails(ExplanationSchema)).toEqual([explanation]);
});

test("an explanation counts the reasons and names those who lack the least, though not to the student", async () => {
  const busy = aTrainer(given.courseId, { name: "Busy" });
  mesh.directory.trainers = [busy];
  const single = { studentId: await givenStudent(mesh), requestId: randomUUID() };
  await mesh.bookings.bookPurchase({ ...wish(), ...single });
  const asleep = Array.from({ length: 12 }, () => aTrainer(given.courseId, { workingHours: [] }));
  const at = (text: string) => timestampOf(Temporal.Instant.from(text));
  const [startTime, endTime] = [at("2030-01-07T00:00:00Z"), at("2030-01-08T00:00:00Z")];
  const away = aTrainer(given.courseId, { name: "Away", timeOff: [{ startTime, endTime }] });
  mesh.directory.trainers = [busy, ...asleep, away];

  const { explanation } = await previewed(wish());
  expect(new Map(explanation?.removals.map(({ removal, trainerCount }) => [removal, trainerCount]))).toEqual(
    new Map([
      [Removal.BUSY, 1],
      [Removal.OUTSIDE_WORKING_HOURS, 12],
      [Removal.ON_TIME_OFF, 1],
    ]),
  );
  expect(explanation?.nearest).toHaveLength(10);
  expect(explanation?.nearest[0]).toMatchObject({
    name: "Away",
    removal: Removal.ON_TIME_OFF,
    clashingSessionCount: 1,
  });
  expect(explanation?.funnel).toMatchObject({ active: 14, workAtEveryTime: 1, freeOnEverySession: 0 });

  const student = mesh.bookingsAs(Role.STUDENT, { student_id: given.studentId });
  const { outcome } = await student.previewPurchase(wish());
  expect(outcome).toMatchObject({ case: "refused", value: { explanation: { nearest: [] } } });
});

test.each([
  ["a place nobody covers", { location: { latitude: -75, longitude: 0 } }, "NO_ZONE_COVERS_LOCATION"],
  ["an unknown student", { studentId: randomUUID() }, "STUDENT_NOT_FOUND"],
  ["an unknown course", { courseId: randomUUID() }, "COURSE_NOT_FOUND"],
  ["the past", { schedule: weekly("17:00", "2029-12-01") }, "SCHEDULE_IN_PAST"],
  ["an hour that the clocks skip", { schedule: skippedHour }, "LOCAL_TIME_DOES_NOT_EXIST"],
  ["too few times", { schedule: explicit("2030-02-01T10:00") }, "SESSION_COUNT_MISMATCH"],
])("%s is a refusal that a preview answers with, unexplained", async (_, change, reason) => {
  expect(await previewed(wish(undefined, change))).toMatchObject({ info: { reason, domain: "cadre" } });
});

test("a student previews for itself only, an operator in its own zones only", async () => {
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: randomUUID() });
  const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: randomUUID() });
  for (const [client, reason] of [
    [student, "STUDENT_MISMATCH"],
    [operator, "OPERATOR_MISMATCH"],
  ] as const) {
    const error = await refusalOf(client.previewPurchase(wish()));
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe(reason);
  }
});
