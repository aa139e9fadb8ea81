import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  type AssignedTrainer,
  AssignedTrainerSchema,
  type BookPurchaseResponse,
  BookPurchaseResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import type { NewPurchase, NewSession } from "./book-commands.ts";
import { purchaseToProto } from "./purchase.ts";
import type { Ranked } from "./ranking.ts";
import { sessionToProto } from "./session.ts";
import { type Zone, zoneToProto } from "./zone.ts";

/**
 * The answer to a booking, as it is stored for the repeats of its request: all but the trainer, whom the database
 * chooses from the ranked ones and adds under `trainer`.
 */
export function storedAnswer(purchase: NewPurchase, sessions: NewSession[], zone: Zone): JsonValue {
  const createTime = Temporal.Instant.from(purchase.create_time);
  const response = create(BookPurchaseResponseSchema, {
    purchase: purchaseToProto({
      purchaseId: purchase.purchase_id,
      studentId: purchase.student_id,
      courseId: purchase.course_id,
      courseName: purchase.course_name,
      sessionCount: purchase.session_count,
      sessionMinutes: purchase.session_minutes,
      state: "assigned",
      location: { latitude: purchase.latitude, longitude: purchase.longitude },
      zoneId: zone.zoneId,
      operatorId: zone.operatorId,
      franchiseId: zone.franchiseId,
      timeZone: zone.timeZone,
      trainerId: null,
      decisionId: purchase.decision_id,
      completedSessionCount: 0,
      version: 1,
      createTime,
      completeTime: null,
    }),
    zone: zoneToProto(zone),
    sessions: sessions.map((session) =>
      sessionToProto({
        sessionId: session.session_id,
        purchaseId: purchase.purchase_id,
        operatorId: zone.operatorId,
        sequence: session.sequence,
        studentId: purchase.student_id,
        trainerId: "",
        startTime: Temporal.Instant.from(session.start_time),
        endTime: Temporal.Instant.from(session.end_time),
        timeZone: zone.timeZone,
        localStartTime: Temporal.PlainDateTime.from(session.local_start_time),
        state: "scheduled",
        completeTime: null,
        completedBy: null,
        version: 1,
      }),
    ),
  });
  return toJson(BookPurchaseResponseSchema, response);
}

export function assignedTrainer({ candidate: { trainerId, name }, distanceMeters }: Ranked): AssignedTrainer {
  return create(AssignedTrainerSchema, { trainerId, name, distanceMeters });
}

/** What the stored answer says about a candidate, if it is the one. */
export function storedTrainer(ranked: Ranked): JsonValue {
  return toJson(AssignedTrainerSchema, assignedTrainer(ranked));
}

/** The response that a stored answer stands for. */
export function readAnswer(stored: unknown): BookPurchaseResponse {
  const response = fromJson(BookPurchaseResponseSchema, z.json().parse(stored));
  const trainerId = response.trainer?.trainerId ?? "";
  if (response.purchase) response.purchase.trainerId = trainerId;
  for (const session of response.sessions) session.trainerId = trainerId;
  return response;
}
