import { WireType } from "@bufbuild/protobuf/wire";
import { SearchTrainersResponseSchema, TrainerMatchSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { maskedTrainer } from "./masked-trainer.ts";

const { matches } = SearchTrainersResponseSchema.field;
const { trainer, distanceMeters } = TrainerMatchSchema.field;
/** A tag, and a length of 32 bits. */
const HEADER_BYTES = 6;
const DISTANCE_BYTES = 9;

/**
 * A match of SearchTrainersResponse, tag and length included, with the trainer's fields that are named, or all. As a whole
 * the trainer's bytes are taken as they are: it is field 1 here as in GetTrainersResponse.
 */
export function matchPieces(bytes: Uint8Array, meters: number, fields: ReadonlySet<number> | undefined): Uint8Array[] {
  const whole = fields ? wrapped(trainer.number, maskedTrainer(bytes, fields)) : [bytes];
  return wrapped(matches.number, meters === 0 ? whole : [...whole, distanceBytes(meters)]);
}

function wrapped(number: number, pieces: Uint8Array[]): Uint8Array[] {
  const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return [header(number, length), ...pieces];
}

/** By hand: a BinaryWriter for each would take longer than all the rest. */
function header(number: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  let at = bytes.writeUInt8(tagOf(number, WireType.LengthDelimited));
  let left = length;
  for (; left > 0x7f; left >>>= 7) at = bytes.writeUInt8((left & 0x7f) | 0x80, at);
  return bytes.subarray(0, bytes.writeUInt8(left, at));
}

function distanceBytes(meters: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(DISTANCE_BYTES);
  bytes.writeDoubleLE(meters, bytes.writeUInt8(tagOf(distanceMeters.number, WireType.Bit64)));
  return bytes;
}

/** In one byte, as far as field 15. */
function tagOf(number: number, wireType: WireType): number {
  return (number << 3) | wireType;
}
