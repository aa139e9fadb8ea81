import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { sql } from "../runtime/database.ts";
import { testServerUrl } from "../runtime/testing/database.ts";
import { type CountedServer, countRoundTrips } from "../runtime/testing/round-trips.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  givenCatalogue,
  givenStudent,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";

let counter: CountedServer;
let mesh: BookingServer;
let given: Awaited<ReturnType<typeof givenCatalogue>>;

beforeAll(async () => {
  counter = await countRoundTrips(await testServerUrl());
  mesh = await startBookingServer({ counter });
});
afterAll(async () => {
  await mesh?.close();
  counter?.close();
});
beforeEach(async () => {
  given = await givenCatalogue(mesh, 2);
  mesh.directory.down = false;
  mesh.directory.trainers = [aTrainer(given.courseId)];
  await mesh.bookings.bookPurchase(await wish("06:00"));
  await mesh.knowsZones();
});

async function wish(startTime: string) {
  const { courseId, location } = given;
  const studentId = await givenStudent(mesh);
  return { requestId: randomUUID(), studentId, courseId, location, schedule: weekly(startTime) };
}

const company = () => mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });
const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => "booked",
    (error) => ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason,
  );

async function roundTripsOf(work: () => Promise<unknown>): Promise<number> {
  counter.roundTrips();
  await work();
  return counter.roundTrips();
}

test("a course that was booked before is not asked about", async () => {
  const another = await wish("09:00");
  expect(await roundTripsOf(() => company().bookPurchase(another))).toBe(2);
});

test("a course that was changed since is booked as it is now", async () => {
  const { courseId } = given;
  const { course } = await mesh.courses.getCourse({ courseId });
  const updateMask = { paths: ["session_count"] };
  const etag = course?.etag ?? "";
  await mesh.courses.updateCourse({ requestId: randomUUID(), courseId, sessionCount: 3, updateMask, etag });
  const another = await wish("09:00");
  expect(await mesh.bookings.bookPurchase(another)).toMatchObject({ sessions: { length: 3 } });
  const third = await wish("12:00");
  expect(await roundTripsOf(() => company().bookPurchase(third))).toBe(2);
});

test("a place is the zone's that covers it now, whatever this process knew of the zones", async () => {
  const another = await wish("09:00");
  await mesh.database.all.query(sql.type(z.object({}))`
    insert into zone (zone_id, name, latitude, longitude, radius_meters, time_zone, country_code, region_code, create_time)
    select ${randomUUID()}::uuid, 'Mitte ' || zone_id, latitude, longitude, radius_meters - 1, time_zone, country_code,
      region_code, now()
    from zone where zone_id = ${given.zoneId}
  `);
  const { zone } = await mesh.bookings.bookPurchase(another);
  expect(zone?.name).toMatch(/^Mitte/);
});

test("a repeat gets the first answer, also while the trainers cannot be read", async () => {
  const another = await wish("09:00");
  const answer = await mesh.bookings.bookPurchase(another);
  mesh.directory.down = true;
  expect(await mesh.bookings.bookPurchase(another)).toEqual(answer);
  const changed = { ...another, schedule: weekly("10:00") };
  expect(await reasonOf(mesh.bookings.bookPurchase(changed))).toBe("REQUEST_ID_REUSED");
});

test("who is no student, or no longer, is refused as ever", async () => {
  const another = await wish("09:00");
  expect(await reasonOf(mesh.bookings.bookPurchase({ ...another, studentId: randomUUID() }))).toBe("STUDENT_NOT_FOUND");
  const taken = await wish("06:00");
  expect(await reasonOf(mesh.bookings.bookPurchase(taken))).toBe("NO_TRAINER_AVAILABLE");
  expect(await reasonOf(mesh.bookings.bookPurchase(taken))).toBe("NO_TRAINER_AVAILABLE");
});
