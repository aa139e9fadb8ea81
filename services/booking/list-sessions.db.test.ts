import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { pageToken as pageTokenOf } from "../runtime/page-token.ts";
import { timestampOf } from "../runtime/timestamps.ts";
import {
  aTrainer,
  type BookingServer,
  COMPANY,
  explicit,
  givenCatalogue,
  startBookingServer,
} from "./testing/booking-server.ts";
import { allPages } from "./testing/pages.ts";

let mesh: BookingServer;
beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh.close());

const at = (text: string) => timestampOf(Temporal.Instant.from(text));

test("sessions that overlap a period are listed, those that border it are not, whatever their number", async () => {
  const given = await givenCatalogue(mesh, 3);
  const trainer = aTrainer(given.courseId);
  mesh.directory.trainers = [trainer];
  const schedule = explicit("2030-01-07T08:00", "2030-01-07T10:00", "2030-01-07T12:00");
  await mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule });

  const listed = async (from: string, until: string, states: SessionState[] = [SessionState.SCHEDULED]) => {
    const { sessions } = await mesh.bookings.listSessions({
      trainerId: trainer.trainerId,
      operatorId: COMPANY,
      endTimeAfter: at(from),
      startTimeUntil: at(until),
      states,
      pageSize: 1000,
    });
    return sessions.map(({ localStartTime }) => localStartTime.slice(11, 16));
  };
  expect(await listed("2030-01-07T07:59:00Z", "2030-01-07T09:01:00Z")).toEqual(["08:00", "10:00"]);
  expect(await listed("2030-01-07T08:00:00Z", "2030-01-07T09:00:00Z")).toEqual([]);
  expect(await listed("2030-01-07T09:30:00Z", "2030-01-07T09:31:00Z")).toEqual(["10:00"]);
  expect(await listed("2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z", [SessionState.CANCELLED])).toEqual([]);
  expect(await listed("2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z", [])).toHaveLength(3);
});

test("sessions in some states are listed by start, page after page, to whoever sees them", async () => {
  const given = await givenCatalogue(mesh, 6);
  mesh.directory.trainers = [aTrainer(given.courseId)];
  const hours = ["08", "10", "12", "14", "16", "18"];
  const schedule = explicit(...hours.map((hour) => `2029-03-0${hours.indexOf(hour) + 1}T${hour}:00`));
  const booked = { headers: { "cadre-time": "2029-01-01T00:00:00Z" } };
  const later = { headers: { "cadre-time": "2029-04-01T00:00:00Z" } };
  const { sessions } = await mesh.bookings.bookPurchase({ ...given, requestId: randomUUID(), schedule }, booked);
  const change = (index: number) => ({
    requestId: randomUUID(),
    sessionId: sessions[index]?.sessionId ?? "",
    etag: "1",
  });
  for (const index of [0, 3]) await mesh.bookings.completeSession(change(index), later);
  await mesh.bookings.markNoShow(change(1), later);
  await mesh.bookings.cancelSession(change(4), booked);

  const { SCHEDULED, COMPLETED, CANCELLED, NO_SHOW } = SessionState;
  const period = { startTimeFrom: at("2029-01-01T00:00:00Z"), startTimeUntil: at("2029-12-31T00:00:00Z") };
  const operator = mesh.bookingsAs(Role.OPERATOR, { operator_id: COMPANY });
  const student = mesh.bookingsAs(Role.STUDENT, { student_id: given.studentId });
  for (const client of [mesh.bookings, operator, student]) {
    for (const pageSize of [1, 2, 50]) {
      const listed = async (...states: SessionState[]) => {
        const all = await allPages(async (pageToken) => {
          const page = await client.listSessions({ ...period, states, pageSize, pageToken });
          return { items: page.sessions, nextPageToken: page.nextPageToken };
        });
        return all.map(({ sequence }) => sequence);
      };
      expect(await listed()).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await listed(SCHEDULED)).toEqual([3, 6]);
      expect(await listed(COMPLETED)).toEqual([1, 4]);
      expect(await listed(NO_SHOW)).toEqual([2]);
      expect(await listed(NO_SHOW, CANCELLED)).toEqual([2, 5]);
      expect(await listed(CANCELLED, COMPLETED)).toEqual([1, 4, 5]);
    }
  }
});

test("the longest lesson overlaps a period that begins when it is nearly over", async () => {
  const given = await givenCatalogue(mesh, 1);
  const { course } = await mesh.courses.createCourse({
    ...{ requestId: randomUUID(), name: `Camp ${randomUUID()}`, sessionCount: 1, sessionMinutes: 480 },
  });
  const courseId = course?.courseId ?? "";
  mesh.directory.trainers = [aTrainer(courseId)];
  const schedule = explicit("2030-05-06T08:00");
  await mesh.bookings.bookPurchase({ ...given, courseId, requestId: randomUUID(), schedule });
  const overlapping = async (from: string) =>
    (await mesh.bookings.listSessions({ operatorId: COMPANY, endTimeAfter: at(from) })).sessions.length;
  expect(await overlapping("2030-05-06T13:59:59Z")).toBe(1);
  expect(await overlapping("2030-05-06T14:00:00Z")).toBe(0);
  expect(await overlapping("0001-01-01T00:00:00Z")).toBeGreaterThan(0);
});

test.each([
  ["start_time_from", { startTimeFrom: { seconds: 2n ** 62n } }],
  ["start_time_until", { startTimeUntil: { seconds: -62_135_596_801n } }],
  ["end_time_after", { endTimeAfter: { seconds: 0n, nanos: -5 } }],
])("a time of no calendar is refused by name: %s", async (field, request) => {
  await expect(mesh.bookings.listSessions(request)).rejects.toMatchObject({
    code: Code.InvalidArgument,
    rawMessage: expect.stringContaining(field),
  });
});

test.each(["0000-01-01T00:00:00Z", `2030-01-01T00:00:00.${"1".repeat(200)}Z`])(
  "a page token that nobody gave is refused: %s",
  async (startTime) => {
    const pageToken = pageTokenOf({ startTime, sessionId: randomUUID() });
    await expect(mesh.bookings.listSessions({ pageToken })).rejects.toMatchObject({ code: Code.InvalidArgument });
  },
);
