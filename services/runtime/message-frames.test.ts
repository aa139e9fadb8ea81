import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { framed, MessageFrames } from "./message-frames.ts";

const anySize = (): void => undefined;

function sentAs(...pieces: Buffer[]): Buffer {
  return Buffer.concat(framed({ byteLength: Buffer.concat(pieces).byteLength, pieces }));
}

test("however a body is cut, its messages come out whole and in order", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(messages, cuts, (sent, sizes) => {
      const body = Buffer.concat(sent.map((bytes) => sentAs(Buffer.from(bytes))));
      const frames = new MessageFrames(anySize);
      const received: Buffer[] = [];
      let at = 0;
      for (let cut = 0; at < body.length; cut += 1) {
        const end = at + (sizes[cut % sizes.length] ?? 1);
        received.push(...frames.push(body.subarray(at, end)));
        at = end;
      }
      expect(received.map((bytes) => [...bytes])).toEqual(sent.map((bytes) => [...bytes]));
      expect(frames.isHalf).toBe(false);
    }),
  );
});

test("what has begun and not ended is half", () => {
  const frames = new MessageFrames(anySize);
  expect(frames.push(sentAs(Buffer.alloc(10)).subarray(0, 14))).toEqual([]);
  expect(frames.isHalf).toBe(true);
});

test("what is too large is refused by what it says of itself, before it comes", () => {
  const frames = new MessageFrames((bytes) => {
    if (bytes > 1000) throw new ConnectError("too large", Code.ResourceExhausted);
  });
  expect(frames.push(sentAs(Buffer.alloc(1000)))).toHaveLength(1);
  expect(() => frames.push(sentAs(Buffer.alloc(1001)).subarray(0, 5))).toThrow("too large");
});

test("what is compressed is UNIMPLEMENTED", () => {
  const frames = new MessageFrames(anySize);
  expect(() => frames.push(Buffer.from([1, 0, 0, 0, 0]))).toThrow(
    expect.objectContaining({ code: Code.Unimplemented }),
  );
});

test.each([
  ["small, in one buffer", 1000, 1],
  ["large, without copying what it is made of", 4000, 3],
])("a message in pieces is whole, and %s", (_, bytes, buffers) => {
  const pieces = [Buffer.alloc(bytes, "a"), Buffer.alloc(bytes, "b")];
  const sent = framed({ byteLength: 2 * bytes, pieces });
  expect(sent).toHaveLength(buffers);
  if (buffers > 1) expect(sent.slice(1).every((buffer, index) => buffer === pieces[index])).toBe(true);
  expect(new MessageFrames(anySize).push(Buffer.concat(sent))).toEqual([Buffer.concat(pieces)]);
});
