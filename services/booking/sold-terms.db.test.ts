import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  aTrainer,
  type BookingServer,
  explicit,
  givenCatalogue,
  startBookingServer,
} from "./testing/booking-server.ts";

let mesh: BookingServer;

beforeAll(async () => {
  mesh = await startBookingServer();
});
afterAll(() => mesh?.close());

test("what is sold keeps the terms of its course and its zone; the next sale has the new ones", async () => {
  const { courseId, zoneId, studentId, location } = await givenCatalogue(mesh, 1);
  mesh.directory.trainers = [aTrainer(courseId)];
  const book = (localStartTime: string) =>
    mesh.bookings.bookPurchase({
      ...{ requestId: randomUUID(), studentId, courseId, location },
      schedule: explicit(localStartTime),
    });
  const sold = await book("2030-02-01T10:00");
  const purchaseId = sold.purchase?.purchaseId ?? "";

  const course = { courseId, etag: "1", updateMask: { paths: ["name", "session_minutes"] } };
  await mesh.courses.updateCourse({ ...course, requestId: randomUUID(), name: `New ${courseId}`, sessionMinutes: 90 });
  const zone = { zoneId, etag: "1", updateMask: { paths: ["time_zone"] } };
  await mesh.zones.updateZone({ ...zone, requestId: randomUUID(), timeZone: "Europe/London" });

  expect((await mesh.bookings.getPurchase({ purchaseId })).purchase).toEqual(sold.purchase);
  expect((await mesh.bookings.listSessions({ purchaseId })).sessions).toEqual(sold.sessions);
  const next = await book("2030-02-01T12:00");
  expect(next.purchase).toMatchObject({ courseName: `New ${courseId}`, sessionMinutes: 90, timeZone: "Europe/London" });
  expect(next.sessions[0]?.startTime?.seconds).toBe(BigInt(Date.parse("2030-02-01T12:00:00Z") / 1000));
});
