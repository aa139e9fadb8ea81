import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";

/** A message in bytes, to be copied to where it is sent from. A Buffer is one. */
export interface EncodedMessage {
  readonly byteLength: number;
  copy(target: Uint8Array, at: number): void;
}

const encodings = new WeakMap<object, EncodedMessage>();

/**
 * Says what the message is in bytes, piece by piece, so that no server encodes it again, or puts the pieces together
 * twice. Neither may be changed any more.
 */
export function rememberEncoding(message: object, pieces: readonly Uint8Array[]): void {
  const byteLength = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  const copy = (target: Uint8Array, at: number): void => {
    let next = at;
    for (const piece of pieces) {
      target.set(piece, next);
      next += piece.byteLength;
    }
  };
  encodings.set(message, { byteLength, copy });
}

export function encodeMessage<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): EncodedMessage {
  const known = encodings.get(message);
  if (known) return known;
  const { buffer, byteOffset, byteLength } = toBinary(desc, message);
  return Buffer.from(buffer, byteOffset, byteLength);
}
