import { Code, ConnectError } from "@connectrpc/connect";
import type { EncodedMessage } from "./encoded-message.ts";

/** A byte that says whether the message is compressed, and four that say how long it is. */
const PREFIX_BYTES = 5;
/**
 * Node has a pool for buffers up to this, prefix included. Beyond, every copy is memory outside of the heap, which makes V8 collect
 * all garbage whenever there is some 20 MB of it: a quarter of the CPU of a service that gives answers of 50 kB.
 */
const MOST_COPIED_BYTES = 4091;
const NONE: readonly Buffer[] = [];

/** Takes a body of gRPC apart into its messages ("Length-Prefixed-Message" of gRPC over HTTP/2). */
export class MessageFrames {
  private parts: Buffer[] = [];
  private byteLength = 0;
  /** Until so many bytes are there, there is nothing new to see. */
  private wanted = PREFIX_BYTES;
  private readonly checkSize: (bytes: number) => void;

  /** `checkSize` throws at what is too large; it is asked before the message comes. */
  constructor(checkSize: (bytes: number) => void) {
    this.checkSize = checkSize;
  }

  /** Whether a message has begun whose end has not come. */
  get isHalf(): boolean {
    return this.byteLength > 0;
  }

  /** The messages that are whole with this chunk. Throws UNIMPLEMENTED at a compressed one. */
  push(chunk: Buffer): readonly Buffer[] {
    this.parts.push(chunk);
    this.byteLength += chunk.byteLength;
    if (this.byteLength < this.wanted) return NONE;

    const bytes = this.parts.length === 1 ? chunk : Buffer.concat(this.parts);
    const messages: Buffer[] = [];
    let at = 0;
    this.wanted = PREFIX_BYTES;
    while (bytes.byteLength - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + this.sizeAt(bytes, at);
      if (end > bytes.byteLength) {
        this.wanted = end - at;
        break;
      }
      messages.push(bytes.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    this.parts = at < bytes.byteLength ? [bytes.subarray(at)] : [];
    this.byteLength = bytes.byteLength - at;
    return messages;
  }

  private sizeAt(bytes: Buffer, at: number): number {
    if (bytes[at] !== 0) throw new ConnectError("a compressed message is not taken here", Code.Unimplemented);
    const size = bytes.readUInt32BE(at + 1);
    this.checkSize(size);
    return size;
  }
}

/**
 * A message as it goes over the wire, not compressed: a small one in one buffer, a large one in the pieces that it has.
 */
export function framed({ byteLength, pieces }: EncodedMessage): readonly Buffer[] {
  const isSmall = byteLength <= MOST_COPIED_BYTES;
  const first = Buffer.allocUnsafe(PREFIX_BYTES + (isSmall ? byteLength : 0));
  first[0] = 0;
  first.writeUInt32BE(byteLength, 1);
  if (!isSmall) return [first, ...pieces];
  let at = PREFIX_BYTES;
  for (const piece of pieces) {
    first.set(piece, at);
    at += piece.byteLength;
  }
  return [first];
}
