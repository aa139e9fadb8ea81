import { once } from "node:events";
import { createServer as createHttp1Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { countConnections } from "./connections-per-address.ts";
import type { PublicHandler } from "./public-handler.ts";

/** What an HTTP/2 client that knows what it wants sends first (RFC 9113, 3.4). */
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** How often it is looked who has not sent a whole header in time. */
const CHECK_INTERVAL_MS = 2000;
/** Longer than any call may take: a request that streams lasts as long as its call. */
const WHOLE_REQUEST_MS = 70_000;
/** A client that has not answered a ping when the next is due is gone, whatever its connection looks like. */
const PING_INTERVAL_MS = 10_000;

export interface TwoProtocolOptions {
  handler: PublicHandler;
  host: string;
  port: number;
  /** A connection that has not said which protocol it speaks is closed after this. */
  firstBytesTimeoutMs?: number;
  /** More connections are closed as they come. */
  maxConnections?: number;
  /** The same for one address, or one subscriber of IPv6, by the address of the connection. */
  maxConnectionsOf?: (address: string) => number;
  /** An HTTP/2 session without traffic takes no new calls after this, and ends with its last one. */
  idleSessionMs?: number;
}

export interface TwoProtocolServer {
  readonly port: number;
  /** Tells everybody over HTTP/1.1 with their next answer not to use the connection again, and goes on serving. */
  leave(): void;
  /** Takes no new connection and no new call (GOAWAY), lets running calls finish, and cuts what is left after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/**
 * HTTP/1.1 and HTTP/2 with prior knowledge on one port without TLS. Node's servers speak one each, and without TLS
 * there is no ALPN to choose by: the first bytes of a connection choose.
 */
export async function listenTwoProtocols(options: TwoProtocolOptions): Promise<TwoProtocolServer> {
  const { handler, firstBytesTimeoutMs = 10_000, idleSessionMs = 300_000 } = options;
  const http1 = createHttp1Server(
    {
      headersTimeout: firstBytesTimeoutMs,
      requestTimeout: WHOLE_REQUEST_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    handler,
  );
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: 250 } }, handler);
  const unknown = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let leaving = false;
  let draining = false;

  http2.on("session", (session) => {
    sessions.add(session);
    session.setTimeout(idleSessionMs, () => session.close());
    const stopAsking = destroyWhenSilent(session);
    session.once("close", () => {
      stopAsking();
      sessions.delete(session);
    });
    if (draining) session.close();
  });
  // A broken session is its client's trouble; without a listener it would be ours.
  http2.on("sessionError", () => {});

  // Closed while its client sends the next request, a connection that is kept alive would lose that one.
  const answers = new Set<ServerResponse>();
  http1.prependListener("request", (_, response) => {
    if (leaving) closeWith(response);
    answers.add(response);
    response.once("close", () => {
      answers.delete(response);
      if (draining) http1.closeIdleConnections();
    });
  });
  const leave = (): void => {
    leaving = true;
    for (const response of answers) closeWith(response);
  };
  // The HTTP/1.1 server listens, since only a listening one enforces its timeouts and closes its idle connections.
  const speakHttp1 = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.maxConnections = options.maxConnections ?? Number.POSITIVE_INFINITY;
  const connections = countConnections(options.maxConnectionsOf ?? (() => Number.POSITIVE_INFINITY));
  http1.on("connection", (socket: Socket) => {
    if (!connections.admit(socket)) return;
    unknown.add(socket);
    const drop = () => {
      unknown.delete(socket);
      socket.destroy();
    };
    socket.on("end", drop).on("error", drop).on("close", drop).setTimeout(firstBytesTimeoutMs, drop);
    chooseProtocol(socket, (isHttp2) => {
      unknown.delete(socket);
      socket.off("end", drop).off("error", drop).off("close", drop).off("timeout", drop).setTimeout(0);
      if (isHttp2) http2.emit("connection", socket);
      else for (const speak of speakHttp1) speak.call(http1, socket);
    });
  });

  await listening(http1, options);
  return {
    port: (http1.address() as AddressInfo).port,
    leave,
    async drain(graceMs) {
      leave();
      draining = true;
      const closed = once(http1, "close");
      http1.close();
      for (const socket of unknown) socket.destroy();
      for (const session of sessions) session.close();
      const cut = setTimeout(() => {
        http1.closeAllConnections();
        for (const session of sessions) session.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function closeWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("connection", "close");
}

/** Answers with what ends the asking. */
function destroyWhenSilent(session: ServerHttp2Session): () => void {
  let asked = false;
  const timer = setInterval(() => {
    if (asked || session.destroyed) return session.destroy();
    asked = session.ping(() => {
      asked = false;
    });
  }, PING_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function listening(server: Server, { host, port }: TwoProtocolOptions): Promise<void> {
  try {
    await once(server.listen(port, host), "listening");
  } catch (error) {
    if (Error.isError(error) && "code" in error && error.code === "EADDRINUSE") {
      throw new Error(`Port ${port} on ${host} is taken by another program.`);
    }
    throw error;
  }
}

/** Reads only until the bytes differ from the preface, or are the whole of it, and puts them back. */
function chooseProtocol(socket: Socket, chosen: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const read = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, HTTP2_PREFACE.length);
    const matches = seen.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (matches && length < HTTP2_PREFACE.length) return;
    socket.off("readable", read);
    socket.unshift(seen);
    chosen(matches);
  };
  socket.on("readable", read);
}
