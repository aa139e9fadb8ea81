import { create, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import {
  type BookPurchaseResponse,
  BookPurchaseResponseSchema,
} from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import {
  type AssignedTrainer,
  AssignedTrainerSchema,
  PurchaseSchema,
  type Session,
  SessionSchema,
} from "../../gen/cadre/booking/v1/purchase_pb.ts";
import { rememberEncoding, toBuffer } from "../runtime/encoded-message.ts";
import type { NewPurchase, NewSession } from "./book-commands.ts";
import { purchaseToProto } from "./purchase.ts";
import type { Ranked } from "./ranking.ts";
import { SESSION_STATES } from "./session.ts";
import { type Slot, timesOf } from "./slot.ts";
import type { Team } from "./team.ts";
import { type Zone, zoneToProto } from "./zone.ts";

const NOTHING = new Uint8Array();

/** What is to be booked, but by whom it is given. */
export interface Booked {
  purchase: NewPurchase;
  /** As many as slots. */
  sessions: NewSession[];
  slots: Slot[];
  zone: Zone;
}

/** The answer to a booking, but for the trainer. */
export function newAnswer({ purchase, sessions, slots, zone }: Booked): BookPurchaseResponse {
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
    sessions: slots.map((slot, index) => sessionOf(slot, sessions[index]?.session_id ?? "", purchase)),
  });
}

/** As sessionToProto has it, and whole, so that nobody has to put it together field by field: there are thirty. */
function sessionOf(slot: Slot, sessionId: string, purchase: NewPurchase): Session {
  const { startMs, endMs, localStartTime } = timesOf(slot);
  return {
    $typeName: "cadre.booking.v1.Session",
    sessionId,
    purchaseId: purchase.purchase_id,
    sequence: slot.sequence,
    studentId: purchase.student_id,
    trainerId: "",
    startTime: secondAt(startMs),
    endTime: secondAt(endMs),
    timeZone: purchase.time_zone,
    localStartTime,
    state: SESSION_STATES.scheduled,
    etag: "1",
  };
}

/** Sessions begin and end at whole seconds. */
function secondAt(ms: number): Timestamp {
  return { $typeName: "google.protobuf.Timestamp", seconds: BigInt(ms / 1000), nanos: 0 };
}

/** The same, where the trainers are settled. */
export function newTeamAnswer(booked: Booked, team: Team) {
  const answer = newAnswer(booked);
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
  return toBuffer(BookPurchaseResponseSchema, answer);
}

/** What an answer says about a candidate, if it is the one. */
export function encodedTrainer(ranked: Ranked): Buffer {
  return encodedAnswer(create(BookPurchaseResponseSchema, { trainer: assignedTrainer(ranked) }));
}

/**
 * The answer with its trainer, as the bytes that were stored: those of the purchase and of each session only grow by the
 * trainer's id, in less than half of the time that encoding them again takes. It may not be changed any more.
 */
export function assignedAnswer(answer: BookPurchaseResponse, stored: Buffer, chosen: Ranked): BookPurchaseResponse {
  const { trainerId } = chosen.candidate;
  const trainer = assignedTrainer(chosen);
  const { purchase, sessions } = BookPurchaseResponseSchema.field;
  const longer = withinFields(stored, {
    [purchase.number]: toBinary(PurchaseSchema, create(PurchaseSchema, { trainerId })),
    [sessions.number]: toBinary(SessionSchema, create(SessionSchema, { trainerId })),
  });
  const rest = encodedAnswer(create(BookPurchaseResponseSchema, { trainer, trainers: [trainer] }));
  answer.trainer = trainer;
  rememberEncoding(withTrainers(answer), [longer, rest]);
  return answer;
}

/** A message of messages, with what is to stand behind each of them by the number of its field. */
function withinFields(message: Uint8Array, additions: Readonly<Record<number, Uint8Array>>): Buffer {
  const reader = new BinaryReader(message);
  const writer = new BinaryWriter();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = reader.bytes();
    const { [number]: addition = NOTHING } = additions;
    writer.tag(number, wireType).uint32(field.byteLength + addition.byteLength);
    writer.raw(field).raw(addition);
  }
  const { buffer, byteOffset, byteLength } = writer.finish();
  return Buffer.from(buffer, byteOffset, byteLength);
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
