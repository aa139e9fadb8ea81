import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  type BookPurchaseResponse,
  BookPurchaseResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { type AssignedTrainer, AssignedTrainerSchema } from "../../gen/cadre/booking/v1/purchase_pb.ts";
import type { NewPurchase, NewSession } from "./book-commands.ts";
import { purchaseToProto } from "./purchase.ts";
import type { Ranked } from "./ranking.ts";
import { sessionToProto } from "./session.ts";
import type { Team } from "./team.ts";
import { type Zone, zoneToProto } from "./zone.ts";

/**
 * The answer to a booking, as it is stored for the repeats of its request: all but the trainer, whom the database
 * chooses from the ranked ones and adds under `trainer`.
 */
export function storedAnswer(purchase: NewPurchase, sessions: NewSession[], zone: Zone): JsonValue {
  return toJson(BookPurchaseResponseSchema, answerTo(purchase, sessions, zone));
}

/** The same, where the trainers are settled. */
export function storedTeamAnswer(purchase: NewPurchase, sessions: NewSession[], zone: Zone, team: Team): JsonValue {
  const answer = answerTo(purchase, sessions, zone);
  answer.trainers = team.members.map(assignedTrainer);
  answer.trainer = assignedTrainer(team.lead);
  for (const session of answer.sessions) session.trainerId = team.trainerOf(session.sequence);
  return toJson(BookPurchaseResponseSchema, answer);
}

function answerTo(purchase: NewPurchase, sessions: NewSession[], zone: Zone): BookPurchaseResponse {
  const createTime = Temporal.Instant.from(purchase.create_time);
  return create(BookPurchaseResponseSchema, {
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
  for (const session of response.sessions) session.trainerId ||= trainerId;
  if (response.trainers.length === 0 && response.trainer) response.trainers = [response.trainer];
  return response;
}
