import { create } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { BookPurchaseResponseSchema } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { describeBooking } from "./describe-booking.ts";

test("a booking is told with its place, its people and its local times", () => {
  const booking = create(BookPurchaseResponseSchema, {
    zone: { name: "Hamburg", countryCode: "DE", timeZone: "Europe/Berlin", radiusMeters: 7_000 },
    trainer: { name: "Greta Koch", distanceMeters: 3_210 },
    sessions: [
      { sequence: 1, localStartTime: "2027-03-25T17:00:00", timeZone: "Europe/Berlin" },
      { sequence: 2, localStartTime: "2027-03-29T17:00:00", timeZone: "Europe/Berlin" },
    ],
  });
  expect(describeBooking(booking, "Cadre Hamburg (franchise)")).toEqual([
    "zone       Hamburg, DE (Europe/Berlin), 7.0 km around its centre",
    "operator   Cadre Hamburg (franchise)",
    "trainer    Greta Koch, 3.2 km from the student",
    "sessions    1 Thu 25 Mar 17:00    2 Mon 29 Mar 17:00",
    "           The clocks change from UTC+01:00 to UTC+02:00 before session 2; the local time stays.",
  ]);
});
