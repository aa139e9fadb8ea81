import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/**
 * What is left of a trainer that is encoded as a field of some message, tag and length included, by the numbers of its
 * fields. Neighbours are one piece: what is masked is mostly a few of them.
 */
export function maskedTrainer(bytes: Uint8Array, fields: ReadonlySet<number>): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  reader.uint32();
  reader.uint32();
  const pieces: Uint8Array[] = [];
  let from = reader.pos;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    skip(reader, tag & 7);
    if (fields.has(tag >>> 3)) continue;
    if (from < start) pieces.push(bytes.subarray(from, start));
    from = reader.pos;
  }
  if (from < reader.pos) pieces.push(bytes.subarray(from, reader.pos));
  return pieces;
}

/** As the reader's own, which makes an array of what it skips. */
function skip(reader: BinaryReader, wireType: WireType): void {
  if (wireType !== WireType.LengthDelimited) {
    reader.skip(wireType);
    return;
  }
  const length = reader.uint32();
  reader.pos += length;
}
