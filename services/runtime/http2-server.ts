import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type Http2Server as NodeHttp2Server,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";

export interface Http2ServerOptions {
  maxStreamsPerConnection: number;
  /** Those that come while so many are open are closed. */
  maxConnections?: number;
  keepalive?: Keepalive;
  /** The server's certificate, and whose certificates it asks for. Plain text unless given. */
  secure?: SecureServerOptions | undefined;
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
}

interface Keepalive {
  /** Between pings. */
  intervalMs: number;
  timeoutMs: number;
}

export interface Http2Server {
  /** Answers with the port; 0 takes a free one. */
  listen(host: string, port: number): Promise<number>;
  /** Takes no new call (GOAWAY), lets those under way finish for at most `graceMs`, then ends them. */
  stop(graceMs: number): Promise<void>;
}

/** A mesh has a few for each of its processes. */
const MAX_CONNECTIONS = 1000;
/** A client that does not answer a ping is gone, whatever its connection looks like. */
const KEEPALIVE: Keepalive = { intervalMs: 10_000, timeoutMs: 5_000 };

/**
 * How many calls of one connection may be reset: at once, and then a second. A call that its caller leaves, or whose
 * deadline passes there, is a reset, and all callers of a gateway share its connection: at 1,000 and 33, which is Node's
 * answer to rapid resets (CVE-2023-44487), a few that leave in a bad hour end the calls of everybody else.
 */
const RESETS = { streamResetBurst: 2000, streamResetRate: 1000 };

/**
 * Node refuses streams in ways that clients do not understand when a session holds more than it may, which a few large answers
 * are. How much there is to send is bounded by those who send it.
 */
const UNBOUNDED = { maxSessionMemory: Number.MAX_SAFE_INTEGER, maxSendHeaderBlockLength: Number.MAX_SAFE_INTEGER };

/** A server of HTTP/2 alone, for peers that keep their connections. */
export function createHttp2Server(wanted: Http2ServerOptions): Http2Server {
  const { maxStreamsPerConnection, maxConnections = MAX_CONNECTIONS, keepalive = KEEPALIVE, secure, onStream } = wanted;
  const settings = { maxConcurrentStreams: maxStreamsPerConnection };
  const options: ServerOptions = { ...RESETS, ...UNBOUNDED, settings };
  const server = secure ? createSecureServer({ ...secure, ...options }) : createServer(options);
  server.maxConnections = maxConnections;
  server.on("stream", onStream);
  server.on("sessionError", () => undefined); // Its connection is closed.
  const connections = connectionsOf(server, secure ? "secureConnection" : "connection", keepalive);

  return {
    listen(host, port) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve((server.address() as AddressInfo).port);
      });
      return promise;
    },
    async stop(graceMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      connections.close();
      const timer = setTimeout(() => connections.cut(), graceMs);
      await promise;
      clearTimeout(timer);
    },
  };
}

/**
 * A session that is destroyed still waits until its peer has read what was sent, and does not give its socket away; and a
 * connection need not have come to be a session.
 */
function connectionsOf(server: NodeHttp2Server | Http2SecureServer, accepted: string, keepalive: Keepalive) {
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  let latest: Socket | undefined;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.prependListener(accepted, (socket: Socket) => {
    latest = socket; // Of the session that comes next, in the same turn.
  });
  server.on("session", (session: ServerHttp2Session) => {
    const socket = latest;
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    keepAlive(session, keepalive, () => {
      session.destroy();
      socket?.destroy();
    });
  });
  return {
    /** Once their calls are over. */
    close() {
      for (const session of sessions) session.close();
    },
    cut() {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function keepAlive(session: ServerHttp2Session, { intervalMs, timeoutMs }: Keepalive, giveUp: () => void): void {
  const timer = setInterval(() => {
    if (session.destroyed) return;
    const silent = setTimeout(giveUp, timeoutMs).unref();
    session.ping((error) => {
      if (!error) clearTimeout(silent); // A session that ends meanwhile has until then to be read.
    });
  }, intervalMs).unref();
  session.once("close", () => clearInterval(timer));
}
