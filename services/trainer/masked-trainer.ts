import { WireType } from "@bufbuild/protobuf/wire";

/** From where to where, and how long they are together. */
export interface Pieces {
  pieces: [start: number, end: number][];
  length: number;
}

const FIXED_BYTES = new Map([
  [WireType.Bit64, 8],
  [WireType.Bit32, 4],
]);

/**
 * What is left of a trainer that is encoded as a field of some message, tag and length included, by the numbers of its
 * fields. Neighbours are one piece: mostly they are a few. Read by hand: a BinaryReader makes an array of what it skips.
 */
export function piecesLeft(bytes: Uint8Array, fields: ReadonlySet<number>): Pieces {
  const left: Pieces = { pieces: [], length: 0 };
  let from = varintEnd(bytes, varintEnd(bytes, 0));
  const add = (end: number): void => {
    if (from === end) return;
    left.pieces.push([from, end]);
    left.length += end - from;
  };
  for (let start = from; start < bytes.byteLength; ) {
    const end = fieldEnd(bytes, start);
    if (!fields.has(varint(bytes, start) >>> 3)) {
      add(start);
      from = end;
    }
    start = end;
  }
  add(bytes.byteLength);
  return left;
}

function fieldEnd(bytes: Uint8Array, start: number): number {
  const wireType: WireType = varint(bytes, start) & 7;
  const at = varintEnd(bytes, start);
  if (wireType === WireType.LengthDelimited) return varintEnd(bytes, at) + varint(bytes, at);
  return wireType === WireType.Varint ? varintEnd(bytes, at) : at + (FIXED_BYTES.get(wireType) ?? Number.NaN);
}

/** Of 32 bits. */
function varint(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let at = start, shift = 0; ; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
}

function varintEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}
