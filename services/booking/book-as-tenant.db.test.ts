import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { testServerUrl } from "../runtime/testing/database.ts";
import { type CountedServer, countRoundTrips } from "../runtime/testing/round-trips.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  givenCatalogue,
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
  given = await givenCatalogue(mesh);
  mesh.directory.trainers = [aTrainer(given.courseId)];
});

const company = () => mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });
const wish = (startTime: string) => {
  const { studentId, courseId, location } = given;
  return { requestId: randomUUID(), studentId, courseId, location, schedule: weekly(startTime) };
};
async function reasonOf(call: Promise<unknown>): Promise<[Code, string | undefined]> {
  const error = await call.then(() => undefined, ConnectError.from);
  if (!error) throw new Error("the call succeeded");
  return [error.code, error.findDetails(ErrorInfoSchema)[0]?.reason];
}

test("an operator's first booking of a course takes three round trips to the database, the next ones two, their reading one", async () => {
  await company()
    .getPurchase({ purchaseId: randomUUID() })
    .catch(() => undefined);
  counter.roundTrips();
  await company().bookPurchase(wish("09:00"));
  expect(counter.roundTrips()).toBe(3);
  await mesh.knowsZones();
  const { purchase } = await company().bookPurchase(wish("17:00"));
  expect(counter.roundTrips()).toBe(2);
  await company().getPurchase({ purchaseId: purchase?.purchaseId ?? "" });
  expect(counter.roundTrips()).toBe(1);
});

test("a student who is taken with another operator is taken, though that operator's lessons are nobody else's to see", async () => {
  const franchiseId = randomUUID();
  const elsewhere = { latitude: 48.2, longitude: 16.37 };
  await mesh.zones.createZone({
    requestId: randomUUID(),
    franchiseId,
    name: "Vienna",
    centre: elsewhere,
    radiusMeters: 20_000,
    timeZone: "Europe/Vienna",
    countryCode: "AT",
  });
  mesh.directory.trainers.push(aTrainer(given.courseId, { operatorId: franchiseId, base: elsewhere }));
  const franchise = mesh.bookingsAs(Role.OPERATOR, { operator_id: franchiseId });
  const { purchase } = await franchise.bookPurchase({ ...wish("17:00"), location: elsewhere });

  expect(await reasonOf(company().bookPurchase(wish("17:30")))).toEqual([
    Code.FailedPrecondition,
    "STUDENT_ALREADY_BOOKED",
  ]);
  expect(await reasonOf(company().getPurchase({ purchaseId: purchase?.purchaseId ?? "" }))).toEqual([
    Code.NotFound,
    "PURCHASE_NOT_FOUND",
  ]);
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: given.studentId });
  await student.bookPurchase(wish("19:00"));
  const { purchases } = await student.listPurchases({});
  expect(purchases.map(({ operatorId }) => operatorId).sort()).toEqual([COMPANY, franchiseId, COMPANY].sort());
});
