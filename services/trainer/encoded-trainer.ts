import { create, type DescField, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { GetTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { rememberEncoding, toBuffer } from "../runtime/encoded-message.ts";
import { type Trainer, toProto } from "./trainer.ts";
import { PAST_TIME_OFF_HOURS } from "./trainer-document.ts";

/** A trainer as it stands in an answer, tag and length included. */
export interface Encoded {
  bytes: Buffer;
  version: number;
  /** Between these two the same time off is told. */
  fromMs: number;
  untilMs: number;
}

const TAG_BYTES = 1;

/** The trainers as the field of the answer that the reader's schema will take them for. */
export function answerOf(
  trainers: readonly Encoded[],
  missingTrainerIds: string[],
): MessageShape<typeof GetTrainersResponseSchema> {
  const answer = create(GetTrainersResponseSchema, { missingTrainerIds });
  const pieces = trainers.map(({ bytes }) => bytes);
  return splice(GetTrainersResponseSchema, answer, GetTrainersResponseSchema.field.trainers, pieces);
}

/** Gives the message its first field, a repeated one, as bytes that are encoded already, tags and lengths included. */
export function splice<Desc extends DescMessage>(
  desc: Desc,
  message: MessageShape<Desc>,
  { number }: DescField,
  pieces: readonly Buffer[],
): MessageShape<Desc> {
  if (pieces.length === 0) return message;
  const rest = toBuffer(desc, message);
  const field = {
    no: number,
    wireType: WireType.LengthDelimited,
    /** Asked for where the message is encoded after all. */
    get data(): Uint8Array {
      return Buffer.concat(pieces).subarray(TAG_BYTES);
    },
  };
  message.$unknown = [field];
  rememberEncoding(message, rest.byteLength === 0 ? pieces : [...pieces, rest]);
  return message;
}

export function encode(trainer: Trainer, nowMs: number): Encoded {
  const ends = trainer.timeOff.map(({ endTime }) => endTime.add({ hours: PAST_TIME_OFF_HOURS }).epochMilliseconds);
  return {
    bytes: toBuffer(GetTrainersResponseSchema, create(GetTrainersResponseSchema, { trainers: [toProto(trainer)] })),
    version: trainer.version,
    fromMs: nowMs,
    untilMs: Math.min(...ends, Number.POSITIVE_INFINITY),
  };
}

export function usable(encoded: Encoded | undefined, nowMs: number): Encoded | undefined {
  return encoded && nowMs >= encoded.fromMs && nowMs < encoded.untilMs ? encoded : undefined;
}
