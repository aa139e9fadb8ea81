import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { BookPurchaseResponseSchema } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { commandOf } from "../bench/booking/commands.ts";
import { candidateOf } from "../bench/booking/wishes.ts";
import { encodeMessage } from "../runtime/encoded-message.ts";
import { assignedAnswer, encodedTrainer, readAnswer } from "./booking-answer.ts";

test("the answer that is sent says of the trainer what a repeat will read from the one that is stored", () => {
  const teachers = { courseId: "0c000000-0000-7000-8000-000000000000", from: 0, count: 20, places: 1 };
  const { answer: stored } = commandOf(0, teachers);
  const chosen = { candidate: candidateOf(7, teachers), distanceMeters: 1234.5, score: 1 };
  const kept = readAnswer(Buffer.concat([stored, encodedTrainer(chosen)]).toString("base64"));

  const sent = assignedAnswer(fromBinary(BookPurchaseResponseSchema, stored), stored, chosen);
  expect(sent).toEqual(kept);
  const { pieces } = encodeMessage(BookPurchaseResponseSchema, sent);
  expect(fromBinary(BookPurchaseResponseSchema, Buffer.concat(pieces))).toEqual(kept);
  expect(kept).toMatchObject({
    purchase: { trainerId: chosen.candidate.trainerId },
    sessions: Array.from({ length: 30 }, () => ({ trainerId: chosen.candidate.trainerId })),
    trainers: [{ trainerId: chosen.candidate.trainerId, distanceMeters: 1234.5 }],
  });
});
