import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";

/** A message in bytes: pieces that follow each other. None may be changed any more. */
export interface EncodedMessage {
  readonly byteLength: number;
  readonly pieces: readonly Buffer[];
}

const encodings = new WeakMap<object, EncodedMessage>();

/**
 * Says what the message is in bytes, piece by piece, so that no server encodes it again, or puts the pieces together. It may
 * not be changed any more.
 */
export function rememberEncoding(message: object, pieces: readonly Buffer[]): void {
  const byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  encodings.set(message, { byteLength, pieces });
}

export function encodeMessage<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): EncodedMessage {
  const known = encodings.get(message);
  if (known) return known;
  const bytes = toBuffer(desc, message);
  return { byteLength: bytes.byteLength, pieces: [bytes] };
}

/** As `toBinary`, in the type that streams take without wrapping it up again. */
export function toBuffer<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(desc, message);
  return Buffer.from(buffer, byteOffset, byteLength);
}
