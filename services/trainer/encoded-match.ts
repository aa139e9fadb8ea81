import { WireType } from "@bufbuild/protobuf/wire";
import { SearchTrainersResponseSchema, TrainerMatchSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { piecesLeft } from "./masked-trainer.ts";

export interface EncodedMatch {
  /** The trainer as `trainers` of GetTrainersResponse: as a whole it is taken as it is, being field 1 here, too. */
  trainer: Uint8Array;
  distanceMeters: number;
}

const { matches } = SearchTrainersResponseSchema.field;
const { trainer, distanceMeters } = TrainerMatchSchema.field;
const MATCH_TAG = (matches.number << 3) | WireType.LengthDelimited;
const TRAINER_TAG = (trainer.number << 3) | WireType.LengthDelimited;
const DISTANCE_TAG = (distanceMeters.number << 3) | WireType.Bit64;
const DISTANCE_BYTES = 9;
/** Beside the trainer: two tags with lengths of 32 bits, and the distance. */
const MOST_BYTES = 6 + 6 + DISTANCE_BYTES;

/**
 * `matches` of SearchTrainersResponse, tags and lengths included, with the trainer's fields that are named, or all. Into
 * one buffer: an array for each tag and length would take longer than all the rest.
 */
export function encodeMatches(found: readonly EncodedMatch[], fields: ReadonlySet<number> | undefined): Buffer {
  const bytes = Buffer.allocUnsafe(found.reduce((sum, match) => sum + match.trainer.byteLength + MOST_BYTES, 0));
  let at = 0;
  for (const { trainer, distanceMeters } of found) {
    const left = fields && piecesLeft(trainer, fields);
    const length = left ? left.length + headerBytes(left.length) : trainer.byteLength;
    at = writeHeader(bytes, at, MATCH_TAG, length + (distanceMeters === 0 ? 0 : DISTANCE_BYTES));
    if (left) at = writeHeader(bytes, at, TRAINER_TAG, left.length);
    for (const [start, end] of left?.pieces ?? [[0, trainer.byteLength]]) {
      bytes.set(trainer.subarray(start, end), at);
      at += end - start;
    }
    if (distanceMeters !== 0) at = bytes.writeDoubleLE(distanceMeters, bytes.writeUInt8(DISTANCE_TAG, at));
  }
  return bytes.subarray(0, at);
}

/** A tag of one byte, as fields up to 15 have, and a length. */
function writeHeader(bytes: Buffer, start: number, tag: number, length: number): number {
  let at = bytes.writeUInt8(tag, start);
  let left = length;
  for (; left > 0x7f; left >>>= 7) at = bytes.writeUInt8((left & 0x7f) | 0x80, at);
  return bytes.writeUInt8(left, at);
}

function headerBytes(length: number): number {
  let count = 2;
  for (let left = length; left > 0x7f; left >>>= 7) count += 1;
  return count;
}
