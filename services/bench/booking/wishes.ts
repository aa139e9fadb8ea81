import { randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  BookingService,
  type BookPurchaseRequest,
  BookPurchaseRequestSchema,
} from "../../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { Candidate } from "../../booking/candidate.ts";
import { COMPANY_OPERATOR_ID } from "../../booking/operator.ts";
import type { Point } from "../../booking/point.ts";
import { readSchedule } from "../../booking/read-schedule.ts";
import { expand } from "../../booking/schedule.ts";
import { BUFFER_MINUTES, hourOf, SESSION_COUNT, SESSION_MINUTES, TIME_ZONE, trainerIdOf } from "./stored-purchases.ts";
import { DAILY_SESSION_LIMIT, nextMonday, PLACES, RADIUS_METERS, studentIdOf, type Teachers, ZONE } from "./worlds.ts";

export const BOOK = `/${BookingService.typeName}/${BookingService.method.bookPurchase.name}`;

/** Hours of the week that what is stored leaves free, in each of the three times thirty weeks that can be booked. */
const FREE_SLOTS = { from: 40, count: 44 };
const PERIODS = 3;

/** A course's thirty lessons, once a week. */
export interface Wish {
  courseId: string;
  studentId: string;
  place: Point;
  slot: number;
  period: number;
}

/** How many wishes there are that one trainer could hold beside what is stored. */
export const WISHES_A_TRAINER = FREE_SLOTS.count * PERIODS;

/** The time of a wish, by its number: below WISHES_A_TRAINER, no two are at the same. */
export function freeTime(number: number): Pick<Wish, "slot" | "period"> {
  return {
    slot: FREE_SLOTS.from + (number % FREE_SLOTS.count),
    period: Math.floor(number / FREE_SLOTS.count) % PERIODS,
  };
}

/** The wish of a number, which somebody at its place is free for as long as there are not more than they can hold. */
export function wishAt({ courseId, places }: Teachers, number: number, firstStudent = 0): Wish {
  const place = PLACES[number % places] ?? ZONE;
  const studentId = studentIdOf(firstStudent + number);
  return { courseId, studentId, place, ...freeTime(Math.floor(number / places)) };
}

export function requestBytes(wish: Wish): Buffer {
  return Buffer.from(toBinary(BookPurchaseRequestSchema, requestOf(wish)));
}

export function candidateOf(number: number, { courseId, places }: Teachers): Candidate {
  return {
    trainerId: trainerIdOf(number),
    version: 1,
    operatorId: COMPANY_OPERATOR_ID,
    name: `Trainer ${number}`,
    active: true,
    timeZone: TIME_ZONE,
    base: PLACES[number % places] ?? ZONE,
    travelRadiusMeters: RADIUS_METERS,
    bufferMinutes: BUFFER_MINUTES,
    dailySessionLimit: DAILY_SESSION_LIMIT,
    workingHours: [1, 2, 3, 4, 5, 6, 7].map((dayOfWeek) => ({ dayOfWeek, startMinute: 360, endMinute: 1320 })),
    qualifications: [{ courseId, fromDate: "2020-01-01", untilDate: null }],
    timeOff: [],
  };
}

export function slotsOf(wish: Wish) {
  const terms = { sessionCount: SESSION_COUNT, sessionMinutes: SESSION_MINUTES };
  return expand(readSchedule(requestOf(wish).schedule), terms, TIME_ZONE, Temporal.Now.instant());
}

export function requestOf({ courseId, studentId, place, slot, period }: Wish): BookPurchaseRequest {
  const { dayOfWeek, startTime } = hourOf(slot);
  const startDate = nextMonday().add({ weeks: SESSION_COUNT * period });
  return create(BookPurchaseRequestSchema, {
    requestId: randomUUID(),
    courseId,
    studentId,
    location: { latitude: place.latitude, longitude: place.longitude },
    schedule: {
      times: { case: "weekly", value: { startDate: startDate.toString(), times: [{ dayOfWeek, startTime }] } },
    },
  });
}
