import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";

const encodings = new WeakMap<object, Buffer>();

/** Says what the message is in bytes, so that no server encodes it again. It must not be changed any more. */
export function rememberEncoding(message: object, bytes: Buffer): void {
  encodings.set(message, bytes);
}

/** The message in bytes. */
export function encodeMessage<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): Buffer {
  const known = encodings.get(message);
  if (known) return known;
  const { buffer, byteOffset, byteLength } = toBinary(desc, message);
  return Buffer.from(buffer, byteOffset, byteLength);
}
