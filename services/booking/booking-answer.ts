import { create, fromBinary, fromJson, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  type BookPurchaseResponse,
  BookPurchaseResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import {
  type AssignedTrainer,
  AssignedTrainerSchema,
  type SessionSchema,
} from "../../gen/cadre/booking/v1/purchase_pb.ts";
import type { NewPurchase, NewSession } from "./book-commands.ts";
import { purchaseToProto } from "./purchase.ts";
import type { Ranked } from "./ranking.ts";
import { SESSION_STATES } from "./session.ts";
import type { Team } from "./team.ts";
import { type Zone, zoneToProto } from "./zone.ts";

/** The answer to a booking, but for the trainer. */
export function newAnswer(purchase: NewPurchase, sessions: NewSession[], zone: Zone): BookPurchaseResponse {
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
      cancelTime: null,
    }),
    zone: zoneToProto(zone),
    sessions: sessions.map((session) => sessionOf(session, purchase)),
  });
}

/** As sessionToProto has it, from texts: Temporal takes microseconds for each. */
function sessionOf(session: NewSession, purchase: NewPurchase): MessageInitShape<typeof SessionSchema> {
  return {
    sessionId: session.session_id,
    purchaseId: purchase.purchase_id,
    sequence: session.sequence,
    studentId: purchase.student_id,
    startTime: secondOf(session.start_time),
    endTime: secondOf(session.end_time),
    timeZone: purchase.time_zone,
    localStartTime: session.local_start_time,
    state: SESSION_STATES.scheduled,
    etag: "1",
  };
}

/** Sessions begin and end at whole seconds. */
function secondOf(text: string): { seconds: bigint } {
  return { seconds: BigInt(Date.parse(text) / 1000) };
}

/** The same, where the trainers are settled. */
export function newTeamAnswer(purchase: NewPurchase, sessions: NewSession[], zone: Zone, team: Team) {
  const answer = newAnswer(purchase, sessions, zone);
  answer.trainers = team.members.map(assignedTrainer);
  answer.trainer = assignedTrainer(team.lead);
  for (const session of answer.sessions) session.trainerId = team.trainerOf(session.sequence);
  return answer;
}

export function assignedTrainer({ candidate: { trainerId, name }, distanceMeters }: Ranked): AssignedTrainer {
  return create(AssignedTrainerSchema, { trainerId, name, distanceMeters });
}

/**
 * As it is stored for the repeats of its request. The database, which chooses the trainer from the ranked ones, puts that
 * one's `encodedTrainer` behind it: messages that stand one behind the other are one message.
 */
export function encodedAnswer(answer: BookPurchaseResponse): Buffer {
  return Buffer.from(toBinary(BookPurchaseResponseSchema, answer));
}

/** What an answer says about a candidate, if it is the one. */
export function encodedTrainer(ranked: Ranked): Buffer {
  return encodedAnswer(create(BookPurchaseResponseSchema, { trainer: assignedTrainer(ranked) }));
}

/** The response that a stored answer, in base64, stands for. */
export function readAnswer(stored: unknown): BookPurchaseResponse {
  const bytes = Buffer.from(z.string().parse(stored), "base64");
  // Until 0042_encoded_answers.sql it was JSON. No message begins with a brace.
  const json = bytes.at(0) === "{".charCodeAt(0);
  return withTrainers(
    json
      ? fromJson(BookPurchaseResponseSchema, z.json().parse(JSON.parse(bytes.toString())))
      : fromBinary(BookPurchaseResponseSchema, bytes),
  );
}

/** Says of the trainer, wherever it belongs, what the answer says of it once. */
export function withTrainers(response: BookPurchaseResponse): BookPurchaseResponse {
  const trainerId = response.trainer?.trainerId ?? "";
  if (response.purchase) response.purchase.trainerId = trainerId;
  for (const session of response.sessions) session.trainerId ||= trainerId;
  if (response.trainers.length === 0 && response.trainer) response.trainers = [response.trainer];
  return response;
}
