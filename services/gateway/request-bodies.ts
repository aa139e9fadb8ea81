import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { untilAborted } from "../runtime/abort.ts";
import { CallEnd, ENDED } from "../runtime/call-end.ts";
import { refusalStatus } from "../runtime/error-boundary.ts";
import { overloaded } from "../runtime/in-flight.ts";
import { policyOf } from "../runtime/policy.ts";

const MIB = 1024 * 1024;

/** How much may be on its way to us, and for how long. */
export interface BodyBounds {
  withinMs: number;
  bodies: Bound;
  bytes: Bound;
}

interface Bound {
  inAll: number;
  ofAddress: number;
}

export const BODY_BOUNDS: BodyBounds = {
  withinMs: 10_000,
  bodies: { inAll: 2000, ofAddress: 200 },
  bytes: { inAll: 64 * MIB, ofAddress: 16 * MIB },
};

export interface BodyOptions {
  /** "" where addresses are not known. */
  address: string;
  method: DescMethod;
  /** Tells when the call is over: who reads a body does not always read it to its end. */
  onClose: (listener: () => void) => void;
}

export type ReadBody = (body: AsyncIterable<Uint8Array>, options: BodyOptions) => AsyncIterable<Uint8Array>;

/**
 * Bounds the bodies that are being read, before they are calls that can be counted: the body of one message must be
 * complete in time, or fails with DEADLINE_EXCEEDED; what is too much fails with OVERLOADED.
 */
export function boundBodies({ withinMs, bodies, bytes }: BodyBounds): ReadBody {
  const all = { bodies: 0, bytes: 0 };
  const addresses = new Map<string, typeof all>();

  return async function* read(body, { address, method, onClose }) {
    const streams = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
    const own = addresses.getOrInsertComputed(address, () => ({ bodies: 0, bytes: 0 }));
    const ofAddress = (bound: Bound): number => (address === "" ? bound.inAll : bound.ofAddress);
    const add = (moreBodies: number, moreBytes: number): void => {
      for (const count of [all, own]) {
        count.bodies += moreBodies;
        count.bytes += moreBytes;
      }
      if (own.bodies === 0) addresses.delete(address);
    };
    if (all.bodies >= bodies.inAll || own.bodies >= ofAddress(bodies)) throw refusalStatus(overloaded());

    let held = 0;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      time.end(ENDED);
      add(-1, -held);
    };
    add(1, 0);
    // A stream of requests ends with its call, which has a deadline of its own.
    const time = new CallEnd(undefined, streams ? undefined : withinMs);
    onClose(leave);
    try {
      const chunks = body[Symbol.asyncIterator]();
      for (;;) {
        const next = await untilAborted(chunks.next(), time.signal);
        if (next.done === true || left) return;
        // Of a stream a message is kept at a time.
        const more = Math.min(next.value.byteLength, policyOf(method).maxRequestBytes - held);
        if (more > 0) add(0, more);
        held += Math.max(0, more);
        if (all.bytes > bytes.inAll || own.bytes > ofAddress(bytes)) throw refusalStatus(overloaded());
        yield next.value;
      }
    } catch (error) {
      throw time.signal.aborted ? tooLate(withinMs) : error;
    } finally {
      leave();
    }
  };
}

function tooLate(withinMs: number): ConnectError {
  return new ConnectError(`the request was not complete after ${withinMs / 1000} s`, Code.DeadlineExceeded);
}
