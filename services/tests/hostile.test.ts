import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  FLAG,
  FRAME,
  frame,
  grpcHeader,
  HOSTILE_ADDRESS,
  headerBlock,
  openHttp2,
  openSession,
  openSocket,
  untilClosed,
  writeAll,
} from "./hostile-peer.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const PATH = "/cadre.trainer.v1.FranchiseService/ListFranchises";
const MAX_GROWTH_BYTES = 50e6;
const ANSWERED_WITHIN_MS = 15_000;
const ROUNDS_TO_COLLECT = 10;

let mesh: Mesh;
let token: string;
let franchises: Client<typeof FranchiseService>;
/** The public port, and a service's own. */
let targets: Record<"gateway" | "trainer", string>;

beforeAll(async () => {
  mesh = await startMesh();
  token = await mesh.tokenAs(Role.ADMIN);
  franchises = createClient(FranchiseService, mesh.transportAs(Role.ADMIN));
  targets = { gateway: new URL(mesh.gatewayUrl).host, trainer: mesh.addresses.trainer };
  // What every process takes once, when it first answers a few thousand calls.
  for (let round = 0; round < 4; round++) await honestWork();
}, 120_000);
afterAll(() => mesh?.stop(), 60_000);

/** Somebody else, who asks through the gateway, and so asks the trainer service too, and comes back when told to. */
async function ask(): Promise<void> {
  const tooLate = AbortSignal.timeout(ANSWERED_WITHIN_MS);
  for (;;) {
    try {
      await franchises.listFranchises({ pageSize: 10 }, { signal: tooLate });
      return;
    } catch (error) {
      const [retry] = ConnectError.from(error).findDetails(RetryInfoSchema);
      if (!retry) throw error;
      await delay(Number(retry.retryDelay?.seconds) * 1000, undefined, { signal: tooLate });
    }
  }
}

/** Runs an attack while somebody else goes on asking, and compares what the process keeps of it with honest work before. */
async function during<T>(name: "gateway" | "trainer", attack: () => Promise<T>): Promise<T> {
  const [, before] = await watched(name, () => honestWork());
  const [outcome, most] = await watched(name, attack);
  // What is garbage by now is no growth: the collector has had its turn after some more honest work.
  let kept = most;
  for (let round = 0; round < ROUNDS_TO_COLLECT && kept - before >= MAX_GROWTH_BYTES; round++) {
    await honestWork();
    kept = await mesh.residentBytesOf(name);
  }
  expect(kept - before).toBeLessThan(MAX_GROWTH_BYTES);
  return outcome;
}

/** As much as the process has to do on a busy day, from so many at once that two such days fit what one address may. */
async function honestWork(): Promise<void> {
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let call = 0; call < 30; call++) await ask();
    }),
  );
}

/** What came of it, and the most memory that the process had meanwhile. */
async function watched<T>(name: "gateway" | "trainer", work: () => Promise<T>): Promise<[T, number]> {
  let most = 0;
  let answered = 0;
  let over = false;
  const watch = async (): Promise<void> => {
    do {
      most = Math.max(most, await mesh.residentBytesOf(name));
      await delay(10);
    } while (!over);
  };
  const others = async (): Promise<void> => {
    do {
      await ask();
      answered += 1;
    } while (!over);
  };
  const beside = Promise.all([watch(), others()]);
  try {
    const outcome = await Promise.race([work(), beside.then(() => Promise.reject(new Error("nobody watches")))]);
    return [outcome, most];
  } finally {
    over = true;
    await beside;
    expect(answered).toBeGreaterThan(0);
  }
}

interface Answer {
  status: number;
  body: string;
}

/** Over HTTP/1.1, from the hostile address; null when the connection was closed instead. */
function post(headers: Record<string, string | string[]>, body: Buffer | string): Promise<Answer | null> {
  const { promise, resolve } = Promise.withResolvers<Answer | null>();
  const options = { method: "POST", headers, localAddress: HOSTILE_ADDRESS, agent: new Agent({ maxSockets: 50 }) };
  const call = httpRequest(`${mesh.gatewayUrl}${PATH}`, options, async (response) => {
    const chunks = await response.toArray().catch(() => null);
    resolve(chunks && { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
  });
  call.on("error", () => resolve(null));
  call.end(body);
  return promise;
}

const json = () => ({ "content-type": "application/json", authorization: `Bearer ${token}` });

test("a gzip bomb is refused by its size, not unpacked", async () => {
  const bomb = gzipSync(Buffer.alloc(300_000_000, " "));
  expect(bomb.length).toBeLessThan(1024 * 1024);
  const answers = await during("gateway", () =>
    Promise.all(Array.from({ length: 4 }, () => post({ ...json(), "content-encoding": "gzip" }, bomb))),
  );
  for (const answer of answers) expect(answer).toMatchObject({ status: 429 });
  for (const answer of answers) expect(answer?.body).toContain("resource_exhausted");
});

test("over gRPC a service takes nothing that is compressed, a gzip bomb least of all", async () => {
  const bomb = gzipSync(Buffer.alloc(300_000_000));
  const message = Buffer.concat([Buffer.of(1), Buffer.alloc(4), bomb]);
  message.writeUInt32BE(bomb.length, 1);
  const status = await during("trainer", async () => {
    const session = openSession(targets.trainer);
    const call = session.request({ ...grpcHeader(PATH, token), "grpc-encoding": "gzip" });
    let status: unknown;
    const seen = (headers: Record<string, unknown>) => {
      status ??= headers["grpc-status"];
    };
    call
      .on("response", seen)
      .on("trailers", seen)
      .on("error", () => undefined)
      .resume();
    call.end(message);
    await once(call, "close");
    session.close();
    return status;
  });
  // UNIMPLEMENTED.
  expect(String(status)).toBe("12");
});

test("one address that opens all the streams it can, as many users", async () => {
  const path = "/cadre.booking.v1.BookingService/WatchSchedule";
  const sessions: ClientHttp2Session[] = [];
  const [opened, statuses] = await during("gateway", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 22 }, async (_, user) => {
        const session = openSession(targets.gateway);
        sessions.push(session);
        const jwt = await mesh.tokenAs(Role.STUDENT, { student_id: randomUUID(), sub: `user ${user}` });
        return Promise.all(Array.from({ length: 21 }, () => watchOutcome(session, path, jwt)));
      }),
    );
    const [open, refused] = [outcomes.flat().filter((o) => o === "open"), outcomes.flat().filter((o) => o !== "open")];
    // Somebody else's stream opens while these stay.
    const watch = createClient(BookingService, mesh.transportAs(Role.ADMIN)).watchSchedule({}, { timeoutMs: 5000 });
    const updates = watch[Symbol.asyncIterator]();
    expect(await updates.next()).toMatchObject({ done: false });
    await updates.return?.();
    return [open.length, new Set(refused)] as const;
  });
  for (const session of sessions) session.destroy();
  expect(opened).toBe(400);
  expect(statuses).toEqual(new Set(["8"]));
}, 60_000);

/** "open" once a watch has told its position, or the status with which it is refused. */
function watchOutcome(session: ClientHttp2Session, path: string, jwt: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const status = (headers: Record<string, unknown>) => {
    if (headers["grpc-status"] !== undefined) resolve(String(headers["grpc-status"]));
  };
  session
    .request(grpcHeader(path, jwt))
    .on("response", status)
    .on("trailers", status)
    .on("error", () => resolve("cut"))
    .on("data", () => resolve("open"))
    .end(Buffer.alloc(5));
  return promise;
}

test("bodies of nearly 1 MiB that never end", async () => {
  const body = Buffer.alloc(1_000_000, " ");
  const statuses = await during("gateway", async () => {
    const sessions = Array.from({ length: 5 }, () => openSession(targets.gateway));
    const calls = sessions.flatMap((session) =>
      Array.from({ length: 40 }, () => {
        const { promise, resolve } = Promise.withResolvers<number>();
        const call = session.request({ ":method": "POST", ":path": PATH, ...json() });
        let status = 0;
        call.on("response", (headers) => {
          status = headers[":status"] ?? 0;
        });
        call.on("error", () => undefined).resume();
        call.once("close", () => resolve(status)).write(body);
        return promise;
      }),
    );
    const ended = await Promise.all(calls);
    for (const session of sessions) session.destroy();
    return new Set(ended);
  });
  // Too much at once, too late, or a closed stream.
  for (const status of statuses) expect([429, 504, 0]).toContain(status);
}, 60_000);

test("a message nested too deep is the caller's mistake", async () => {
  const deepJson = `{"pageSize": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  // Groups of an unknown field, one in another.
  const deepBytes = Buffer.concat([Buffer.alloc(200_000, 0x7b), Buffer.alloc(200_000, 0x7c)]);
  const binary = { ...json(), "content-type": "application/proto" };
  const answers = await during("gateway", async () => [await post(json(), deepJson), await post(binary, deepBytes)]);
  for (const answer of answers) expect(answer).toMatchObject({ status: 400 });
});

describe.each(["gateway", "trainer"] as const)("%s", (name) => {
  test("four thousand rapid resets", async () => {
    await during(name, async () => {
      const socket = await openHttp2(targets[name]);
      const closed = untilClosed(socket);
      const block = headerBlock(grpcHeader(PATH, token));
      const cancel = Buffer.from([0, 0, 0, 8]);
      await writeAll(
        socket,
        Array.from({ length: 4000 }, (_, call) => {
          const id = 2 * call + 1;
          return Buffer.concat([
            frame(FRAME.HEADERS, FLAG.END_HEADERS, id, block),
            frame(FRAME.RST_STREAM, FLAG.NONE, id, cancel),
          ]);
        }),
      );
      await closed;
    });
  });

  test("a flood of headers", async () => {
    const status = await during(name, async () => {
      const many = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`x-${i}`, "v".repeat(1000)]));
      const block = headerBlock({ ...grpcHeader(PATH, token), ...many });
      const socket = await openHttp2(targets[name]);
      const closed = untilClosed(socket);
      const parts = Array.from({ length: Math.ceil(block.length / 16_000) }, (_, i) =>
        block.subarray(i * 16_000, (i + 1) * 16_000),
      );
      await writeAll(
        socket,
        parts.map((part, i) =>
          frame(
            i === 0 ? FRAME.HEADERS : FRAME.CONTINUATION,
            i === parts.length - 1 ? FLAG.END_HEADERS : FLAG.NONE,
            1,
            part,
          ),
        ),
      );
      await closed;
      return "closed";
    });
    expect(status).toBe("closed");
  });

  test("a flood of pings", async () => {
    await during(name, async () => {
      const socket = await openHttp2(targets[name]);
      const ping = Buffer.concat(Array.from({ length: 500 }, () => frame(FRAME.PING, FLAG.NONE, 0, Buffer.alloc(8))));
      // It reads none of the answers.
      await writeAll(
        socket,
        Array.from({ length: 400 }, () => ping),
      );
      socket.destroy();
    });
  });

  test("callers that never read their answers", async () => {
    await during(name, async () => {
      // SETTINGS_INITIAL_WINDOW_SIZE 0: not a byte of any answer may be sent.
      const sockets = await Promise.all(
        Array.from({ length: 20 }, () => openHttp2(targets[name], Buffer.from([0, 4, 0, 0, 0, 0]))),
      );
      const request = frame(FRAME.DATA, FLAG.END_STREAM, 0, Buffer.alloc(5));
      for (const socket of sockets) {
        for (let call = 0; call < 100; call++) {
          const id = 2 * call + 1;
          request.writeUInt32BE(id, 5);
          socket.write(frame(FRAME.HEADERS, FLAG.END_HEADERS, id, headerBlock(grpcHeader(PATH, token))));
          socket.write(Buffer.from(request));
        }
      }
      await delay(1000);
      for (const socket of sockets) socket.destroy();
    });
  });

  test("tokens that nobody has signed", async () => {
    const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const { publicKey } = await generateKeyPair("RS256", { extractable: true });
    const claims = { role: "admin", aud: "cadre" };
    const sign = (header: { alg: string; kid: string }, key: Parameters<SignJWT["sign"]>[0]) =>
      new SignJWT(claims)
        .setProtectedHeader({ ...header, typ: "at+jwt" })
        .setSubject("mallory")
        .setExpirationTime("1h")
        .sign(key);
    const modulus = Buffer.from((await exportJWK(publicKey)).n ?? "");
    const wrongAlgorithm = await sign({ alg: "HS256", kid: "local" }, modulus);
    const answer = await during(name, async () => {
      // A thousand a second, for three seconds.
      const started = performance.now();
      for (let burst = 0; burst < 60; burst++) {
        const kids = Array.from({ length: 50 }, (_, call) => `unknown-${burst}-${call}`);
        const forged = await Promise.all(kids.map((kid) => sign({ alg: "EdDSA", kid }, privateKey)));
        const statuses = await Promise.all(forged.map((jwt) => grpcStatus(targets[name], jwt)));
        // UNAUTHENTICATED, or RESOURCE_EXHAUSTED where that is too much at once.
        for (const status of statuses) expect(["16", "8"]).toContain(status);
        const aheadMs = (burst + 1) * 50 - (performance.now() - started);
        if (aheadMs > 0) await delay(aheadMs);
      }
      return grpcStatus(targets[name], wrongAlgorithm);
    });
    expect(answer).toBe("16");
  }, 60_000);
});

test("connections that say half of what they want, or nothing any more, are closed", async () => {
  const settings = frame(FRAME.SETTINGS, FLAG.NONE, 0);
  const http2 = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const halves = [
    "",
    "P",
    "POST / HTTP/1.1\r\nhost: x\r\n",
    http2.subarray(0, 18),
    http2,
    Buffer.concat([http2, settings]),
  ];
  await Promise.all(
    (["gateway", "trainer"] as const).map((name) =>
      during(name, async () => {
        const sockets = await Promise.all(
          Array.from({ length: 160 }, async (_, i) => {
            const socket = await openSocket(targets[name]);
            socket.write(halves[i % halves.length] ?? "");
            return untilClosed(socket);
          }),
        );
        await Promise.all(sockets);
      }),
    ),
  );
}, 60_000);

const sessions = new Map<string, ClientHttp2Session>();
afterAll(() => {
  for (const session of sessions.values()) session.destroy();
});

/** The status of a gRPC call with that token, over one connection. */
async function grpcStatus(address: string, jwt: string): Promise<string> {
  let session = sessions.get(address);
  if (!session || session.destroyed || session.closed) {
    session = openSession(address);
    session.setMaxListeners(0);
    session.on("error", () => undefined);
    sessions.set(address, session);
  }
  const call = session.request(grpcHeader(PATH, jwt));
  let status = "none";
  const seen = (headers: Record<string, unknown>) => {
    if (headers["grpc-status"] !== undefined) status = String(headers["grpc-status"]);
  };
  call
    .on("response", seen)
    .on("trailers", seen)
    .on("error", () => undefined)
    .resume();
  call.end(Buffer.alloc(5));
  await once(call, "close");
  return status;
}
