import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { ExplanationSchema } from "../../gen/cadre/booking/v1/explanation_pb.ts";
import { refusalStatus } from "../runtime/error-boundary.ts";
import type { DomainError } from "../runtime/errors.ts";
import { studentAlreadyBooked } from "./booking-refusals.ts";
import { withExplanation } from "./explanation.ts";
import { studentTaken, trainerNotEligible } from "./move-refusals.ts";

const STATUS_BYTES = 8192;

const TIMES = Array.from({ length: 200 }, (_, day) =>
  Temporal.PlainDateTime.from("2030-01-07T10:00").add({ days: day }),
);
const SLOTS = TIMES.map((localStartTime, index) => {
  const startTime = localStartTime.toZonedDateTime("Europe/Berlin").toInstant();
  return { sequence: index + 1, startTime, endTime: startTime.add({ hours: 1 }), localStartTime };
});
const TEXTS = TIMES.map((time) => time.toString({ smallestUnit: "minute" }));

/** As it travels: the message, and the details in base64, which have the message once more. */
function statusBytes(refusal: DomainError): number {
  const { rawMessage, details } = refusalStatus(refusal);
  const binary = details.flatMap((one) =>
    "desc" in one ? [toBinary(one.desc, create(one.desc, one.value as never))] : [],
  );
  const size = binary.reduce((sum, bytes) => sum + bytes.byteLength + 60, rawMessage.length);
  return rawMessage.length + Math.ceil(size / 3) * 4;
}

test("a student who is taken 200 times is told within what a status may weigh, with an offer where it fits", () => {
  const offer = { times: { localStartTimes: TEXTS }, assignments: [], moves: [], trainers: [] };
  const explanation = create(ExplanationSchema, { offers: [offer, offer, offer] });
  const refusal = withExplanation(studentAlreadyBooked(SLOTS), explanation);
  expect(statusBytes(refusal)).toBeLessThan(STATUS_BYTES);
  expect(refusal.message).toContain("200 of these times");
});

test("trainers with the longest names do not make a status too heavy", () => {
  const nearest = Array.from({ length: 10 }, () => ({ trainerId: "", name: "𝒜".repeat(200) }));
  const explanation = create(ExplanationSchema, { nearest });
  expect(statusBytes(withExplanation(studentAlreadyBooked([]), explanation))).toBeLessThan(STATUS_BYTES);
});

test("200 times at which a move clashes are told within what a status may weigh", () => {
  const trainer = {
    trainerId: "00000000-0000-4000-8000-000000000001",
    version: 1,
    operatorId: "00000000-0000-4000-8000-000000000002",
    name: "Ada",
    active: true,
    timeZone: "Europe/Berlin",
    base: { latitude: 52, longitude: 13 },
    travelRadiusMeters: 1,
    bufferMinutes: 0,
    dailySessionLimit: 1,
    workingHours: [],
    qualifications: [],
    timeOff: [],
  };
  const busy = { reason: "busy", clashingSessionCount: 200 } as const;
  expect(statusBytes(studentTaken(TEXTS, TEXTS))).toBeLessThan(STATUS_BYTES);
  expect(statusBytes(trainerNotEligible({ trainer, location: trainer.base }, busy, TEXTS))).toBeLessThan(STATUS_BYTES);
});
