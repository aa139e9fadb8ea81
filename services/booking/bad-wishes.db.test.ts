import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { sql } from "../runtime/database.ts";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  skippedHour,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";
import { refusalOf } from "./testing/refusal.ts";

const OCEAN = { latitude: -48.9, longitude: -123.4 };

let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;

beforeAll(async () => {
  mesh = await startBookingServer();
  given = await givenCatalogue(mesh, 2);
  mesh.directory.trainers = [aTrainer(given.courseId)];
});
afterAll(() => mesh?.close());

function wish(more: object = {}) {
  const { studentId, courseId, location } = given;
  return { requestId: randomUUID(), studentId, courseId, location, schedule: weekly("17:00"), ...more };
}

/** What a refusal must leave as it was. */
function booked() {
  return mesh.asOwner((db) =>
    db.one(sql.type(z.object({ sessions: z.number(), claims: z.number(), purchases: z.number() }))`
      select
        (select count(*) from session) as sessions,
        (select count(*) from trainer_claim) + (select count(*) from student_claim) as claims,
        (select count(*) from purchase where state <> 'refused') as purchases
    `),
  );
}

const times = (starts: string[]) => ({ schedule: explicit(...starts) });
const list = (count: number) =>
  Array.from({ length: count }, (_, day) =>
    Temporal.PlainDateTime.from("2030-02-01T10:00").add({ days: day }).toString({ smallestUnit: "minute" }),
  );

test.each<[string, object, string, string, string[]]>([
  ["an unknown course", { courseId: randomUUID() }, "NotFound", "COURSE_NOT_FOUND", []],
  ["an unknown student", { studentId: randomUUID() }, "NotFound", "STUDENT_NOT_FOUND", []],
  ["a location that no zone covers", { location: OCEAN }, "FailedPrecondition", "NO_ZONE_COVERS_LOCATION", []],
  ["no location", { location: undefined }, "InvalidArgument", "INVALID_FIELD", ["location"]],
  [
    "a location that is not on the earth",
    { location: { latitude: 91, longitude: 0 } },
    "InvalidArgument",
    "INVALID_FIELD",
    ["location.latitude"],
  ],
  ["the past", { schedule: weekly("17:00", "2029-12-01") }, "FailedPrecondition", "SCHEDULE_IN_PAST", []],
  [
    "three years ahead",
    { schedule: weekly("17:00", "2033-01-01") },
    "FailedPrecondition",
    "SCHEDULE_TOO_FAR_AHEAD",
    [],
  ],
  ["no schedule", { schedule: undefined }, "InvalidArgument", "INVALID_FIELD", ["schedule"]],
  ["no sessions", times([]), "InvalidArgument", "INVALID_FIELD", ["schedule.explicit.local_start_times"]],
  ["400 sessions", times(list(400)), "InvalidArgument", "INVALID_FIELD", ["schedule.explicit.local_start_times[200]"]],
  ["more sessions than the course has", times(list(3)), "FailedPrecondition", "SESSION_COUNT_MISMATCH", []],
  [
    "the same time twice",
    times(["2030-02-01T10:00", "2030-02-01T10:00"]),
    "FailedPrecondition",
    "SESSIONS_OVERLAP",
    [],
  ],
  [
    "the same weekly time twice",
    {
      schedule: {
        times: {
          case: "weekly",
          value: {
            startDate: "2030-02-01",
            times: [
              { dayOfWeek: DayOfWeek.FRIDAY, startTime: "10:00" },
              { dayOfWeek: DayOfWeek.FRIDAY, startTime: "10:00" },
            ],
          },
        },
      },
    },
    "FailedPrecondition",
    "SESSIONS_OVERLAP",
    [],
  ],
  [
    "a date that is in no calendar",
    times(["2030-02-30T10:00", "2030-02-01T10:00"]),
    "InvalidArgument",
    "INVALID_FIELD",
    ["schedule.explicit.local_start_times[0]"],
  ],
])("%s is refused and books nothing", async (_, change, code, reason, fields) => {
  const before = await booked();
  expect(await refusalOf(mesh.bookings.bookPurchase(wish(change)))).toEqual({ code, reason, fields });
  expect(await booked()).toEqual(before);
});

test("a time that the clocks skip is refused with the time and books nothing", async () => {
  const { courseId } = await givenCatalogue(mesh, 6);
  const before = await booked();
  const call = mesh.bookings.bookPurchase(wish({ courseId, schedule: skippedHour }));
  expect(await refusalOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "LOCAL_TIME_DOES_NOT_EXIST" });
  expect(await booked()).toEqual(before);
});

test("a request_id with another body is refused and books nothing", async () => {
  const request = wish({ schedule: explicit("2030-03-01T10:00", "2030-03-02T10:00") });
  await mesh.bookings.bookPurchase(request);
  const before = await booked();
  const call = mesh.bookings.bookPurchase({ ...request, schedule: explicit("2030-03-01T12:00", "2030-03-02T12:00") });
  expect(await refusalOf(call)).toEqual({ code: "Aborted", reason: "REQUEST_ID_REUSED", fields: [] });
  expect(await booked()).toEqual(before);
});

test("an unknown zone is not found, whoever asks and whatever for", async () => {
  const zoneId = randomUUID();
  const missing = { code: "NotFound", reason: "ZONE_NOT_FOUND", fields: [] };
  expect(await refusalOf(mesh.zones.getZone({ zoneId }))).toEqual(missing);
  const update = { requestId: randomUUID(), zoneId, etag: "1", updateMask: { paths: ["name"] }, name: "Nowhere" };
  expect(await refusalOf(mesh.zones.updateZone(update))).toEqual(missing);
});

test("a student cannot book for another, and nothing is booked", async () => {
  const before = await booked();
  const call = mesh.bookingsAs(Role.STUDENT, { student_id: randomUUID() }).bookPurchase(wish());
  expect(await refusalOf(call)).toMatchObject({ code: "PermissionDenied", reason: "STUDENT_MISMATCH" });
  expect(await booked()).toEqual(before);
});
