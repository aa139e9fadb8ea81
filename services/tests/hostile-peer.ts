import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";

/** Whom hostile callers call from, so that what bounds an address does not bound the others. */
export const HOSTILE_ADDRESS = "127.0.0.3";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Frame types and flags of RFC 9113, as far as an attack needs them. */
export const FRAME = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, WINDOW_UPDATE: 8, CONTINUATION: 9 };
export const FLAG = { NONE: 0, END_STREAM: 1, END_HEADERS: 4 };

export async function openSocket(address: string): Promise<Socket> {
  const [host = "", port] = address.split(":");
  const socket = connect({ host, port: Number(port), localAddress: HOSTILE_ADDRESS });
  socket.on("error", () => undefined); // Being cut off is what it asks for.
  await once(socket, "connect");
  return socket;
}

/** Node's own client of HTTP/2, from the hostile address. */
export function openSession(address: string): ClientHttp2Session {
  const { hostname: host, port } = new URL(`http://${address}`);
  const session = connectHttp2(`http://${address}`, {
    createConnection: () => connect({ host, port: Number(port), localAddress: HOSTILE_ADDRESS }),
  });
  session.setMaxListeners(0);
  session.on("error", () => undefined); // Being cut off is what it asks for.
  return session;
}

/** A connection that speaks HTTP/2 frame by frame, and reads nothing unless told to. */
export async function openHttp2(address: string, settings: Buffer = Buffer.alloc(0)): Promise<Socket> {
  const socket = await openSocket(address);
  socket.write(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.SETTINGS, FLAG.NONE, 0, settings)]));
  return socket;
}

export function frame(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK (RFC 7541, 6.2.2) in its plainest form: every field spelled out, none remembered. */
export function headerBlock(fields: Record<string, string>): Buffer {
  return Buffer.concat(
    Object.entries(fields).map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])),
  );
}

function text(value: string): Buffer {
  return Buffer.concat([length(value.length), Buffer.from(value, "latin1")]);
}

/** An integer with a prefix of seven bits. */
function length(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.of(...bytes, rest);
}

/** A gRPC call's header on a connection without TLS. */
export function grpcHeader(path: string, token: string): Record<string, string> {
  return {
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "hostile",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${token}`,
  };
}

/** Until the other side has closed the connection; what it still says is not looked at. */
export function untilClosed(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (socket.destroyed) resolve();
  socket.resume().once("close", () => resolve());
  return promise;
}

/** Writes as fast as the other side takes it, and stops when it is cut off. */
export async function writeAll(socket: Socket, chunks: Iterable<Buffer>): Promise<void> {
  for (const chunk of chunks) {
    if (socket.destroyed || !socket.writable) return;
    if (socket.write(chunk)) continue;
    await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
  }
}
