import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { TLSSocket } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Metadata } from "@grpc/grpc-js";
import type { EncodedMessage } from "./encoded-message.ts";
import { forgetWhenOver } from "./forgotten-streams.ts";
import { headersOf, metadataFrom } from "./grpc-metadata.ts";
import { statusFrom } from "./grpc-status.ts";
import { framed, MessageFrames } from "./message-frames.ts";
import { servicesNamedBy } from "./tls.ts";

const CONTENT_TYPE = "application/grpc+proto";
const HEADER = { ":status": 200, "content-type": CONTENT_TYPE };
const OK = { "grpc-status": "0" };
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false };
const ALONE = { endStream: true, sendDate: false };

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };
/** No timer takes longer. */
const LONGEST_MS = 2 ** 31 - 1;

/** What becomes of the message of a unary call. */
export interface UnaryReceiver {
  /** Throws at what is too large. */
  checkSize: (bytes: number) => void;
  take: (message: Buffer) => void;
  fail: (error: ConnectError) => void;
}

/**
 * The server's end of one call on the wire: gRPC over HTTP/2, as grpc's PROTOCOL-HTTP2.md has it, without compression. What is
 * sent after the end, or to a caller who has left, is dropped.
 */
export class ServerStream {
  private readonly stream: ServerHttp2Stream;
  private readonly received: IncomingHttpHeaders;
  private headerSent = false;
  private hasEnded = false;

  constructor(stream: ServerHttp2Stream, received: IncomingHttpHeaders) {
    this.stream = stream;
    this.received = received;
    stream.on("error", () => undefined); // It closes too.
    forgetWhenOver(stream);
  }

  get header(): Headers {
    return headersOf(this.received);
  }

  /** How long the caller waits for the end; `undefined` is for ever. Throws INVALID_ARGUMENT at what is no time. */
  get timeoutMs(): number | undefined {
    const value = this.received["grpc-timeout"];
    if (value === undefined) return undefined;
    const [, amount, unit = ""] = TIMEOUT.exec(String(value)) ?? [];
    if (amount === undefined) throw new ConnectError(`grpc-timeout: "${value}" is no time`, Code.InvalidArgument);
    return Math.min(Number(amount) * (UNIT_MS[unit] ?? 1), LONGEST_MS);
  }

  /** The services that the caller's certificate names. */
  peerServices(): string[] {
    if (this.stream.destroyed) return [];
    const socket = this.stream.session?.socket;
    // Null once the connection is lost.
    return socket instanceof TLSSocket ? servicesNamedBy(socket.getPeerCertificate() ?? {}) : [];
  }

  /**
   * Tells when the caller has left before the end. A stream that is reset closes only when all that came before is read, which
   * a handler that waits for something else does not do; and then it ends as if that had been all.
   */
  onLeave(listener: () => void): void {
    const leave = (): void => {
      listener();
      setImmediate(() => this.stream.destroy());
    };
    if (this.isOver()) leave();
    else this.stream.once("aborted", leave);
  }

  /** Gives the one message of a unary call, or says why there is none. */
  receiveOne({ checkSize, take, fail }: UnaryReceiver): void {
    const frames = new MessageFrames(checkSize);
    let only: Buffer | undefined;
    let failed = false;
    const failWith = (error: unknown): void => {
      failed = true;
      fail(ConnectError.from(error));
    };
    this.stream.on("data", (chunk: Buffer) => {
      if (failed || this.hasEnded) return;
      try {
        for (const message of frames.push(chunk)) {
          if (only) throw new ConnectError("a unary call has one message", Code.Unimplemented);
          only = message;
        }
      } catch (error) {
        failWith(error);
      }
    });
    this.stream.on("end", () => {
      if (failed) return;
      if (only && !frames.isHalf) take(only);
      else failWith(halfCall(only));
    });
  }

  /** The messages of a call of any kind, as fast as they are taken. Breaks off when the caller leaves. */
  async *messages(checkSize: (bytes: number) => void): AsyncGenerator<Buffer> {
    const frames = new MessageFrames(checkSize);
    try {
      for await (const chunk of this.stream.iterator({ destroyOnReturn: false })) yield* frames.push(chunk as Buffer);
    } catch (error) {
      throw error instanceof ConnectError ? error : left();
    }
    if (this.isOver()) throw left();
    if (frames.isHalf) throw halfCall(undefined);
  }

  /** Once; without, the first message does. */
  sendHeader(header?: Headers): void {
    if (this.headerSent || this.isOver()) return;
    this.headerSent = true;
    this.stream.respond(header ? { ...HEADER, ...sayable(metadataFrom(header)) } : HEADER, WITH_TRAILERS);
  }

  /** Whether there is room for more; if not, `drained` tells when there is. */
  send(message: EncodedMessage): boolean {
    this.sendHeader();
    return this.isOver() || this.write(message);
  }

  async drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.stream.writableNeedDrain) resolve();
    else this.stream.once("drain", resolve);
    await promise;
  }

  /** Ends the call well. */
  end(trailer?: Headers): void {
    this.sendHeader();
    this.endWith(trailer ? { ...OK, ...sayable(metadataFrom(trailer)) } : OK);
  }

  /** Ends a unary call well. */
  endWithMessage(message: EncodedMessage, trailer?: Headers): void {
    this.sendHeader();
    this.endWith(trailer ? { ...OK, ...sayable(metadataFrom(trailer)) } : OK, message);
  }

  /** Ends the call badly: with nothing but a status if nothing was sent, so that the caller may try again. */
  fail(error: ConnectError): void {
    const { code, details, metadata } = statusFrom(error);
    this.endWith({ "grpc-status": String(code), "grpc-message": encodeURI(details ?? ""), ...sayable(metadata) });
  }

  /** Refuses what is no call of gRPC. */
  refuse(httpStatus: number): void {
    if (this.isOver()) return;
    this.hasEnded = true;
    this.stream.respond({ ":status": httpStatus }, ALONE);
    this.letGo();
  }

  private endWith(status: OutgoingHttpHeaders, last?: EncodedMessage): void {
    if (this.isOver()) return;
    this.hasEnded = true;
    if (!this.headerSent) {
      this.stream.respond({ ...HEADER, ...status }, ALONE);
      this.letGo();
      return;
    }
    this.stream.once("wantTrailers", () => {
      this.stream.sendTrailers(status);
      this.letGo();
    });
    if (last) this.write(last);
    this.stream.end();
  }

  /** All pieces in one go. */
  private write(message: EncodedMessage): boolean {
    const { stream } = this;
    let hasRoom = true;
    stream.cork();
    for (const piece of framed(message)) hasRoom = stream.write(piece);
    stream.uncork();
    return hasRoom;
  }

  /** A caller who is still sending may stop. A reset overtakes what is sent in the same turn. */
  private letGo(): void {
    if (this.stream.readableEnded) return;
    setImmediate(() => {
      if (this.stream.destroyed) return;
      this.stream.resume();
      this.stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  private isOver(): boolean {
    return this.hasEnded || this.stream.destroyed || this.stream.closed;
  }
}

/** The caller has ended the call before its time. */
export function left(): ConnectError {
  return new ConnectError("the caller has cancelled the call", Code.Canceled);
}

function halfCall(message: Buffer | undefined): ConnectError {
  const what = message ? "more than one message, and not all of it" : "no whole message";
  return new ConnectError(`the request has ${what}`, Code.Unimplemented);
}

/** Metadata as HTTP/2 header fields. */
function sayable(metadata: Metadata | undefined): OutgoingHttpHeaders {
  return (metadata?.toHttp2Headers() ?? {}) as OutgoingHttpHeaders;
}
