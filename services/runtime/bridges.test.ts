import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import {
  type Client,
  Code,
  ConnectError,
  createClient,
  decodeBinaryHeader,
  encodeBinaryHeader,
  type Transport,
} from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport as createConnectNodeTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { TestService } from "../../gen/grpc/testing/test_pb.ts";
import { runInCall } from "./call-context.ts";
import { createGrpcServer } from "./grpc-server.ts";
import { createGrpcTransport, type GrpcTransport } from "./grpc-transport.ts";
import type { Http2Server as MeshServer } from "./http2-server.ts";
import { implement } from "./implement.ts";

import { testImpl, testService } from "./testing/test-service.ts";

/** Every code but OK, by number. */
const CODES = Object.values(Code).filter((code): code is Code => typeof code === "number");

const DETAIL = { reason: "TEST", domain: "cadre", metadata: { a: "b" } };

/** With the code that the size of the response asks for. */
function refuseWithDetails({ responseSize }: { responseSize: number }): never {
  const metadata = { "x-hint": "h", "x-hint-bin": encodeBinaryHeader(new Uint8Array([0, 1, 255])) };
  throw new ConnectError("no", responseSize, metadata, [{ desc: ErrorInfoSchema, value: DETAIL }]);
}

async function* refuseInStream(requests: AsyncIterable<{ responseParameters: { size: number }[] }>) {
  for await (const { responseParameters } of requests) {
    yield {};
    refuseWithDetails({ responseSize: responseParameters[0]?.size ?? 0 });
  }
}

let ours: MeshServer;
let theirs: Http2Server;
const open: GrpcTransport[] = [];
const transports: Record<string, Transport> = {};

// Our server and connect-node's serve the same implementation; our client and connect-node's call both.
beforeAll(async () => {
  const tested = implement(TestService, {
    ...testImpl,
    cacheableUnaryCall: refuseWithDetails,
    halfDuplexCall: refuseInStream,
  });
  ours = createGrpcServer({ services: [tested] });
  const ourPort = await ours.listen("127.0.0.1", 0);
  theirs = createServer(connectNodeAdapter({ routes: (router) => router.service(TestService, tested.impl) }));
  await new Promise<void>((resolve) => theirs.listen(0, "127.0.0.1", resolve));
  const theirPort = (theirs.address() as AddressInfo).port;

  const toOurs = createGrpcTransport({ address: `127.0.0.1:${ourPort}` });
  const toTheirs = createGrpcTransport({ address: `127.0.0.1:${theirPort}` });
  open.push(toOurs, toTheirs);
  transports["our client, our server"] = toOurs;
  transports["our client, connect-node's server"] = toTheirs;
  transports["connect-node's client, our server"] = createConnectNodeTransport({
    baseUrl: `http://127.0.0.1:${ourPort}`,
  });
});

afterAll(async () => {
  for (const transport of open) transport.close();
  await ours.stop(0);
  theirs.close();
});

describe.each(["our client, our server", "our client, connect-node's server", "connect-node's client, our server"])(
  "%s",
  (pair) => {
    let client: Client<typeof TestService>;
    beforeAll(() => {
      const transport = transports[pair];
      if (!transport) throw new Error(`no transport for ${pair}`);
      client = createClient(TestService, transport);
    });

    test("a unary call brings headers, trailers and binary values there and back", async () => {
      const binary = encodeBinaryHeader(new Uint8Array([0, 1, 254, 255]));
      let header: Headers | undefined;
      let trailer: Headers | undefined;
      const response = await client.unaryCall(
        { responseSize: 314_159, payload: { body: new Uint8Array(271_828) } },
        {
          headers: { "x-grpc-test-echo-initial": "test_initial", "x-grpc-test-echo-trailing-bin": binary },
          onHeader: (received) => {
            header = received;
          },
          onTrailer: (received) => {
            trailer = received;
          },
        },
      );
      expect(response.payload?.body.byteLength).toBe(314_159);
      expect(header?.get("x-grpc-test-echo-initial")).toBe("test_initial");
      const echoed = trailer?.get("x-grpc-test-echo-trailing-bin") ?? "";
      expect([...decodeBinaryHeader(echoed)]).toEqual([0, 1, 254, 255]);
    });

    test.each(CODES)("code %i arrives with its message, special characters included", async (code) => {
      const message = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
      const error = await client.unaryCall({ responseStatus: { code, message } }).catch(ConnectError.from);
      expect(error).toMatchObject({ code, rawMessage: message });
    });

    test.each(CODES)(
      "code %i arrives with its details and its metadata, in a unary call and in a stream",
      async (code) => {
        async function* requests() {
          yield { responseParameters: [{ size: code }] };
        }
        const unary = client.cacheableUnaryCall({ responseSize: code }).then(() => undefined, ConnectError.from);
        const stream = Array.fromAsync(client.halfDuplexCall(requests())).then(() => undefined, ConnectError.from);
        for (const error of await Promise.all([unary, stream])) {
          expect(error).toMatchObject({ code, rawMessage: "no" });
          expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([DETAIL]);
          expect(error?.metadata.get("x-hint")).toBe("h");
          expect([...decodeBinaryHeader(error?.metadata.get("x-hint-bin") ?? "")]).toEqual([0, 1, 255]);
        }
      },
    );

    test("a server stream delivers all, then its error", async () => {
      const sizes: (number | undefined)[] = [];
      const reading = (async () => {
        const request = {
          responseParameters: [{ size: 31 }, { size: 9 }, { size: 2653 }],
          responseStatus: { code: Code.FailedPrecondition, message: "no more" },
        };
        for await (const { payload } of client.streamingOutputCall(request)) sizes.push(payload?.body.byteLength);
      })();
      await expect(reading).rejects.toMatchObject({ code: Code.FailedPrecondition, rawMessage: "no more" });
      expect(sizes).toEqual([31, 9, 2653]);
    });

    test("a client stream is summed up", async () => {
      async function* requests() {
        for (const size of [27_182, 8, 1828, 45_904]) yield { payload: { body: new Uint8Array(size) } };
      }
      expect(await client.streamingInputCall(requests())).toMatchObject({ aggregatedPayloadSize: 74_922 });
    });

    test("both sides of a duplex stream take turns", async () => {
      const turns: string[] = [];
      const answered = Promise.withResolvers<void>();
      async function* requests() {
        turns.push("asked");
        yield { responseParameters: [{ size: 3 }] };
        await answered.promise;
        turns.push("asked");
        yield { responseParameters: [{ size: 4 }] };
      }
      for await (const { payload } of client.fullDuplexCall(requests())) {
        turns.push(`answered ${payload?.body.byteLength}`);
        answered.resolve();
      }
      expect(turns).toEqual(["asked", "answered 3", "asked", "answered 4"]);
    });

    test("an empty stream ends at once", async () => {
      expect(await Array.fromAsync(client.streamingOutputCall({}))).toEqual([]);
    });

    test("a slow stream is cut at its deadline", async () => {
      const slow = client.streamingOutputCall(
        { responseParameters: [{ size: 1 }, { size: 1, intervalUs: 60_000_000 }] },
        { timeoutMs: 200 },
      );
      await expect(Array.fromAsync(slow)).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    });

    test("a caller that leaves gets CANCELED", async () => {
      const leave = new AbortController();
      const request = { responseParameters: [{ size: 1 }, { size: 1, intervalUs: 60_000_000 }] };
      const reading = (async () => {
        for await (const _ of client.streamingOutputCall(request, { signal: leave.signal })) leave.abort();
      })();
      await expect(reading).rejects.toMatchObject({ code: Code.Canceled });
    });

    test("a method that is left out is UNIMPLEMENTED", async () => {
      await expect(client.unimplementedCall({})).rejects.toMatchObject({ code: Code.Unimplemented });
    });
  },
);

test("a refusal's details survive both bridges", async () => {
  const detail = { reason: "TEST", domain: "cadre", metadata: { a: "b" } };
  const server = createGrpcServer({
    services: [
      implement(TestService, {
        ...testImpl,
        emptyCall() {
          throw new ConnectError("no", Code.FailedPrecondition, { "x-hint": "h" }, [
            { desc: ErrorInfoSchema, value: detail },
          ]);
        },
      }),
    ],
  });
  const transport = createGrpcTransport({ address: `127.0.0.1:${await server.listen("127.0.0.1", 0)}` });
  const error = await createClient(TestService, transport).emptyCall({}).catch(ConnectError.from);
  if (!(error instanceof ConnectError)) throw new Error("the call succeeded");
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([detail]);
  expect(error.metadata.get("x-hint")).toBe("h");
  transport.close();
  await server.stop(0);
});

test("the server tells its handler when the caller leaves", async () => {
  const entered = Promise.withResolvers<void>();
  const left = Promise.withResolvers<unknown>();
  const server = createGrpcServer({
    services: [
      implement(TestService, {
        ...testImpl,
        emptyCall(_, { signal }) {
          signal.addEventListener("abort", () => left.resolve(signal.reason));
          entered.resolve();
          return new Promise(() => undefined);
        },
      }),
    ],
  });
  const transport = createGrpcTransport({ address: `127.0.0.1:${await server.listen("127.0.0.1", 0)}` });
  const leave = new AbortController();
  const call = createClient(TestService, transport).emptyCall({}, { signal: leave.signal });
  await entered.promise;
  leave.abort();
  await expect(call).rejects.toMatchObject({ code: Code.Canceled });
  expect(await left.promise).toMatchObject({ code: Code.Canceled });
  transport.close();
  await server.stop(0);
});

test("with no time left no call is made", async () => {
  const transport = transports["our client, our server"];
  if (!transport) throw new Error("no transport");
  const client = createClient(TestService, transport);
  const past = { signal: new AbortController().signal, deadlineMs: performance.now() + 1 };
  const error = await runInCall(past, () => client.emptyCall({})).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.DeadlineExceeded });
  expect(String(error)).toContain("no time is left");
});

test("bytes that are no message are INVALID_ARGUMENT", async () => {
  const { Client: RawClient, credentials } = await import("@grpc/grpc-js");
  const server = createGrpcServer({ services: [testService] });
  const port = await server.listen("127.0.0.1", 0);
  const raw = new RawClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  const code = await new Promise((resolve) => {
    const garbage = Buffer.from([0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    raw.makeUnaryRequest("/grpc.testing.TestService/UnaryCall", same, same, garbage, (error) => resolve(error?.code));
  });
  expect(code).toBe(Code.InvalidArgument);
  raw.close();
  await server.stop(0);
});
