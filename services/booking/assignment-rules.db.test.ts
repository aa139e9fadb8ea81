import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Removal } from "../../gen/cadre/booking/v1/decision_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { DayOfWeek } from "../../gen/google/type/dayofweek_pb.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  givenStudent,
  NOW,
  startBookingServer,
  weekly,
} from "./testing/booking-server.ts";
import { travel } from "./testing/sphere.ts";

type Facts = Omit<NonNullable<Parameters<typeof aTrainer>[1]>, "$typeName" | "$unknown">;
type Times = ReturnType<typeof weekly> | ReturnType<typeof explicit>;

let mesh: BookingServer;
beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());
beforeEach(() => {
  mesh.directory.trainers = [];
});

/** "booked", or what removed the only trainer there is. */
async function outcomeOf(given: Awaited<ReturnType<typeof givenCatalogue>>, schedule: Times, facts: Facts) {
  mesh.directory.trainers = [aTrainer(given.courseId, facts)];
  return bookAnother(given, schedule);
}

async function bookAnother(given: Awaited<ReturnType<typeof givenCatalogue>>, schedule: Times, now = NOW) {
  const request = { ...given, studentId: await givenStudent(mesh), requestId: randomUUID(), schedule };
  const call = mesh.bookings.bookPurchase(request, { headers: { "cadre-time": now } });
  const error = await call.then(() => undefined, ConnectError.from);
  if (!error) return "booked";
  const decisionId = error.findDetails(ErrorInfoSchema)[0]?.metadata.decision_id ?? "";
  const { decision } = await mesh.bookings.getDecision({ decisionId });
  const [candidate] = decision?.candidates ?? [];
  return [candidate?.removal, candidate?.clashingSessionCount];
}

const hours = (dayOfWeek: DayOfWeek, startTime: string, endTime: string) => ({ dayOfWeek, startTime, endTime });

test("working hours across midnight hold on both days, and end where they end", async () => {
  const given = await givenCatalogue(mesh, 2);
  const workingHours = aTrainer("")
    .workingHours.slice(0, 1)
    .map((range) => ({
      ...range,
      ...hours(DayOfWeek.SUNDAY, "22:00", "02:00"),
    }));
  const atNight = explicit("2030-01-06T23:30", "2030-01-14T01:00");
  expect(await outcomeOf(given, atNight, { workingHours })).toBe("booked");
  const tooLate = explicit("2030-01-20T23:30", "2030-01-28T01:15");
  expect(await outcomeOf(given, tooLate, { workingHours })).toEqual([Removal.OUTSIDE_WORKING_HOURS, 1]);
});

test("a trainer in another time zone works by its own clock", async () => {
  const given = await givenCatalogue(mesh, 1);
  const abroad = { timeZone: "America/New_York" };
  expect(await outcomeOf(given, explicit("2030-01-07T12:00"), abroad)).toBe("booked");
  expect(await outcomeOf(given, explicit("2030-01-07T11:45"), abroad)).toEqual([Removal.OUTSIDE_WORKING_HOURS, 1]);
  // Three weeks in March lie between the two countries' clock changes: eleven in Berlin is six in New York.
  expect(await outcomeOf(given, explicit("2030-03-18T11:00"), abroad)).toBe("booked");
  expect(await outcomeOf(given, explicit("2030-04-01T11:00"), abroad)).toEqual([Removal.OUTSIDE_WORKING_HOURS, 1]);
});

test("the daily limit counts by the trainer's local day", async () => {
  const given = await givenCatalogue(mesh, 2);
  const always = aTrainer("").workingHours.map((range) => ({ ...range, startTime: "00:00", endTime: "24:00" }));
  // One evening in New York, two dates in Berlin; and one date in Berlin, two in New York.
  const oneEvening = explicit("2030-01-08T00:30", "2030-01-07T22:30");
  const limited = { timeZone: "America/New_York", workingHours: always, dailySessionLimit: 1 };
  expect(await outcomeOf(given, oneEvening, limited)).toEqual([Removal.DAILY_LIMIT, 1]);
  const twoDays = explicit("2030-01-08T05:00", "2030-01-08T07:00");
  expect(await outcomeOf(given, twoDays, limited)).toBe("booked");
  // The day before in New York holds one already.
  expect(await bookAnother(given, explicit("2030-01-07T23:00", "2030-01-10T12:00"))).toEqual([Removal.DAILY_LIMIT, 1]);
});

test("a day on which midnight comes twice is one day, from the first midnight on", async () => {
  const given = await givenCatalogue(mesh, 1);
  // In the Azores one o'clock of 27 October 2030 is midnight once more.
  const workingHours = aTrainer("").workingHours.map((range) => ({ ...range, startTime: "00:00", endTime: "24:00" }));
  const limited = { timeZone: "Atlantic/Azores", workingHours, dailySessionLimit: 1 };
  const justAfterMidnight = explicit("2030-10-27T02:30");
  expect(await outcomeOf(given, justAfterMidnight, limited)).toBe("booked");
  expect(await bookAnother(given, explicit("2030-10-27T12:00"))).toEqual([Removal.DAILY_LIMIT, 1]);
  const dayBefore = explicit("2030-10-26T12:00");
  expect(await bookAnother(given, dayBefore)).toBe("booked");

  // The same, when a lesson is moved.
  const studentId = await givenStudent(mesh);
  const requestId = randomUUID();
  const booked = await mesh.bookings.bookPurchase({
    ...given,
    studentId,
    requestId,
    schedule: explicit("2030-10-24T12:00"),
  });
  const [session] = booked.sessions;
  const move = (localStartTime: string) => {
    const { sessionId = "", etag = "" } = session ?? {};
    return mesh.bookings.rescheduleSession({ requestId: randomUUID(), sessionId, etag, localStartTime });
  };
  const error = await move("2030-10-27T12:00").then(() => null, ConnectError.from);
  expect(error?.findDetails(ErrorInfoSchema)[0]?.metadata.removal).toBe("daily_limit");
  expect((await move("2030-10-25T12:00")).session?.etag).toBe("2");
});

test("a day of 26 hours is one day", async () => {
  const given = await givenCatalogue(mesh, 2);
  // At Troll it is two hours earlier again at three o'clock of 27 October 2030.
  const workingHours = aTrainer("").workingHours.map((range) => ({ ...range, startTime: "00:00", endTime: "24:00" }));
  const limited = { timeZone: "Antarctica/Troll", workingHours, dailySessionLimit: 2 };
  expect(await outcomeOf(given, explicit("2030-10-27T00:15", "2030-10-28T00:30"), limited)).toBe("booked");
  const midday = explicit("2030-10-27T12:00", "2030-10-30T12:00");
  expect(await bookAnother(given, midday)).toEqual([Removal.DAILY_LIMIT, 1]);
});

test("a lesson of this morning's counts towards today's limit, though its purchase is over", async () => {
  const given = await givenCatalogue(mesh, 1);
  expect(await outcomeOf(given, explicit("2030-01-07T10:00"), { dailySessionLimit: 1 })).toBe("booked");
  const atNoon = "2030-01-07T11:00:00Z";
  expect(await bookAnother(given, explicit("2030-01-07T18:00"), atNoon)).toEqual([Removal.DAILY_LIMIT, 1]);
  expect(await bookAnother(given, explicit("2030-01-08T10:00"), atNoon)).toBe("booked");
});

test("a qualification that ends in week 17 is seen when the course is booked", async () => {
  const given = await givenCatalogue(mesh, 34);
  const qualified = (untilDate: string) => {
    const [held] = aTrainer(given.courseId).qualifications;
    return { qualifications: held ? [{ ...held, untilDate }] : [] };
  };
  expect(await outcomeOf(given, weekly("17:00"), qualified("2030-05-01"))).toEqual([Removal.NOT_QUALIFIED, 1]);
  expect(await outcomeOf(given, weekly("17:00"), qualified("2030-05-02"))).toBe("booked");
});

test("time off removes whom it touches, and not whom it borders", async () => {
  const given = await givenCatalogue(mesh, 1);
  const at = (text: string) => timestampOf(Temporal.Instant.from(text));
  const tenToEleven = explicit("2030-01-07T10:00");
  const off = (from: string, until: string) => {
    const [template] = aTrainer("", { timeOff: [{ startTime: at(from), endTime: at(until) }] }).timeOff;
    return { timeOff: template ? [template] : [] };
  };
  const touching = off("2030-01-07T09:59:00Z", "2030-01-08T00:00:00Z");
  expect(await outcomeOf(given, tenToEleven, touching)).toEqual([Removal.ON_TIME_OFF, 1]);
  const bordering = off("2030-01-07T10:00:00Z", "2030-01-08T00:00:00Z");
  expect(await outcomeOf(given, tenToEleven, bordering)).toBe("booked");
});

test("a place on the trainer's travel radius is reached, a metre beyond it is not", async () => {
  const given = await givenCatalogue(mesh, 1);
  const base = travel(given.location, 77, 9000);
  const time = explicit("2030-01-07T10:00");
  expect(await outcomeOf(given, time, { base, travelRadiusMeters: 8999 })).toEqual([Removal.TOO_FAR, 1]);
  expect(await outcomeOf(given, time, { base, travelRadiusMeters: 9000 })).toBe("booked");
});

test("a lesson keeps the buffer that was in force when it was booked", async () => {
  const given = await givenCatalogue(mesh, 1);
  const ada = aTrainer(given.courseId, { bufferMinutes: 30 });
  mesh.directory.trainers = [ada];
  expect(await bookAnother(given, explicit("2030-01-07T10:00"))).toBe("booked");
  ada.bufferMinutes = 0;
  expect(await bookAnother(given, explicit("2030-01-07T11:15"))).toEqual([Removal.BUSY, 1]);
  expect(await bookAnother(given, explicit("2030-01-07T09:00"))).toBe("booked");
  expect(await bookAnother(given, explicit("2030-01-07T11:30"))).toBe("booked");
});

test("a trainer is busy in as many sessions as clash, with one purchase or several, all or some of them", async () => {
  const given = await givenCatalogue(mesh, 4);
  const daily = (...days: string[]) => explicit(...days.map((day) => `2030-01-${day}T10:00`));
  expect(await outcomeOf(given, daily("07", "08", "09", "10"), {})).toBe("booked");
  expect(await bookAnother(given, explicit(...["14", "15", "16", "17"].map((day) => `2030-01-${day}T10:30`)))).toBe(
    "booked",
  );
  expect(await bookAnother(given, daily("07", "08", "09", "10"))).toEqual([Removal.BUSY, 4]);
  expect(await bookAnother(given, daily("09", "10", "11", "12"))).toEqual([Removal.BUSY, 2]);
  expect(await bookAnother(given, daily("10", "11", "14", "15"))).toEqual([Removal.BUSY, 3]);
});
