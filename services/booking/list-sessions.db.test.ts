import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SessionState } from "../../gen/cadre/booking/v1/purchase_pb.ts";
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

test("a page token that nobody gave is refused", async () => {
  const pageToken = pageTokenOf({ startTime: "0000-01-01T00:00:00Z", sessionId: randomUUID() });
  await expect(mesh.bookings.listSessions({ pageToken })).rejects.toMatchObject({ code: Code.InvalidArgument });
});
