import type { ClientHttp2Session, Http2Stream } from "node:http2";
import { Http2SubchannelConnector } from "@grpc/grpc-js/build/src/transport.js";

/**
 * V8 keeps what an old object points to, garbage or not, until it collects the old ones too. A Map or Set that many calls enter
 * and leave makes a new table now and then, to which its last one points: from one that has grown old hangs a chain of
 * all that followed, with the calls that were in each, and what their streams' listeners know. node:http2 and grpc-js have
 * such collections: 19 % of what a client's calls allocated, and 12 of a server's, was copied twice and waited for a full
 * collection. So a stream that is over forgets its listeners, and the channel's calls are kept in an array.
 */
export function forgetWhenOver(stream: Http2Stream): void {
  stream.once("close", forget);
}

/** Makes the channels of this process do so. Of grpc-js's inside it needs what `OpenTransport` says. */
export function forgetCallsThatAreOver(): void {
  const { connect } = Http2SubchannelConnector.prototype;
  Http2SubchannelConnector.prototype.connect = async function (...target) {
    const transport = await connect.apply(this, target);
    if (isOpenTransport(transport)) lighten(transport);
    return transport;
  };
}

/** A connection of a channel. */
interface OpenTransport {
  session: ClientHttp2Session;
  activeCalls: Set<unknown> | Calls;
}

function isOpenTransport(transport: object): transport is OpenTransport {
  return "session" in transport && "activeCalls" in transport && transport.activeCalls instanceof Set;
}

function lighten(transport: OpenTransport): void {
  const { session } = transport;
  const request = session.request.bind(session);
  session.request = (...headers) => {
    const stream = request(...headers);
    forgetWhenOver(stream);
    return stream;
  };
  transport.activeCalls = new Calls();
}

/** What grpc-js asks of the Set of a connection's calls. */
class Calls {
  private readonly all: unknown[] = [];

  get size(): number {
    return this.all.length;
  }

  add(call: unknown): void {
    this.all.push(call);
  }

  delete(call: unknown): void {
    const at = this.all.indexOf(call);
    if (at >= 0) this.all[at] = this.all.at(-1);
    if (at >= 0) this.all.pop();
  }

  /** Those that are in it now: each may leave while the others are told. */
  [Symbol.iterator](): Iterator<unknown> {
    return this.all.slice().values();
  }
}

function forget(this: Http2Stream): void {
  this.removeAllListeners().on("error", ignore);
}

function ignore(): void {}
