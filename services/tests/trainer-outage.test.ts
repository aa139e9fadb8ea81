import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { BookingService, type BookPurchaseResponse } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { StudentService } from "../../gen/cadre/booking/v1/student_service_pb.ts";
import { ZoneService } from "../../gen/cadre/booking/v1/zone_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7] satisfies DayOfWeek[];
const location = { latitude: 50.08, longitude: 14.43 };
const timeZone = "Europe/Prague";

const NOTICED_WITHIN_MS = 30_000;

let mesh: Mesh;
let bookings: Client<typeof BookingService>;
let trainers: Client<typeof TrainerService>;
let courseId: string;
let trainerId: string;

beforeAll(async () => {
  mesh = await startMesh();
  const admin = mesh.transportAs(Role.ADMIN);
  bookings = createClient(BookingService, admin);
  trainers = createClient(TrainerService, admin);
  const request = () => ({ requestId: randomUUID() });

  const zone = { name: "Prague", centre: location, radiusMeters: 10_000, timeZone, countryCode: "CZ" };
  await createClient(ZoneService, admin).createZone({ ...request(), ...zone });
  const courses = createClient(CourseService, admin);
  const { course } = await courses.createCourse({ ...request(), name: "Crawl", sessionCount: 4, sessionMinutes: 45 });
  courseId = course?.courseId ?? "";
  const { trainer } = await trainers.createTrainer({
    ...request(),
    name: "Ada",
    timeZone,
    base: location,
    travelRadiusMeters: 20_000,
    bufferMinutes: 15,
    dailySessionLimit: 8,
    workingHours: EVERY_DAY.map((dayOfWeek) => ({ dayOfWeek, startTime: "08:00", endTime: "20:00" })),
  });
  trainerId = trainer?.trainerId ?? "";
  await trainers.grantQualification({ ...request(), trainerId, courseId, fromDate: "2026-01-01" });
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

async function book(startTime: string): Promise<BookPurchaseResponse> {
  const students = createClient(StudentService, mesh.transportAs(Role.ADMIN));
  const facts = { name: "Grace", language: "cs", location, timeZone };
  const { student } = await students.createStudent({ requestId: randomUUID(), ...facts });
  const startDate = Temporal.Now.plainDateISO().add({ days: 7 }).toString();
  return bookings.bookPurchase({
    requestId: randomUUID(),
    studentId: student?.studentId ?? "",
    courseId,
    location,
    schedule: { times: { case: "weekly", value: { startDate, times: [{ dayOfWeek: DayOfWeek.MONDAY, startTime }] } } },
  });
}

async function directoryAgeOf({ purchase }: BookPurchaseResponse): Promise<bigint | undefined> {
  const { decision } = await bookings.getDecision({ decisionId: purchase?.decisionId ?? "" });
  return decision?.directoryAgeMs;
}

test("a time off names the booked sessions that it clashes with, and leaves them booked", async () => {
  const { sessions } = await book("18:00");
  const [first] = sessions;
  const added = await trainers.addTimeOff({
    requestId: randomUUID(),
    trainerId,
    ...(first?.startTime ? { startTime: first.startTime } : {}),
    ...(first?.endTime ? { endTime: first.endTime } : {}),
  });
  expect(added.clashesUnknown).toBe(false);
  expect(added.clashingSessions).toMatchObject([{ sessionId: first?.sessionId }]);
  expect((await bookings.listSessions({ trainerId })).sessions).toEqual(sessions);
});

test("the trainer service is killed: booking goes on with what it knows, says so, and is sure again afterwards", async () => {
  await untilNewsIsOld();
  expect(await directoryAgeOf(await book("08:00"))).toBeUndefined();
  await mesh.kill("trainer");
  expect(await directoryAgeOf(await book("10:00"))).toBeGreaterThan(0n);
  await mesh.start("trainer");
  await untilBookingHasNoticed();
  expect(await directoryAgeOf(await book("12:00"))).toBeUndefined();
}, 60_000);

/** Booking is told of changes when we are, and forgets whom they are about: what it reads from then on it keeps. */
async function untilNewsIsOld(): Promise<void> {
  const watch = trainers.watchTrainers({})[Symbol.asyncIterator]();
  await watch.next();
  const startTime = { seconds: BigInt(Math.floor(Date.now() / 1000) + 300 * 24 * 3600) };
  const endTime = { seconds: startTime.seconds + 60n };
  await trainers.addTimeOff({ requestId: randomUUID(), trainerId, startTime, endTime });
  for (;;) {
    const { value, done } = await watch.next();
    if (done || value.changes.some((change) => change.trainerId === trainerId)) break;
  }
  await watch.return?.();
}

/** Booking tries a dependency that did not answer only now and then: here by asking for a franchise that nobody has. */
async function untilBookingHasNoticed(): Promise<void> {
  const zones = createClient(ZoneService, mesh.transportAs(Role.ADMIN));
  const tooLate = AbortSignal.timeout(NOTICED_WITHIN_MS);
  for (;;) {
    const zone = { name: "Nowhere", centre: location, radiusMeters: 1, timeZone: "UTC", countryCode: "DE" };
    const request = { requestId: randomUUID(), franchiseId: randomUUID(), ...zone };
    const error = await zones.createZone(request).then(() => undefined, ConnectError.from);
    if (error?.code === Code.NotFound) return;
    await delay(100, undefined, { signal: tooLate });
  }
}
