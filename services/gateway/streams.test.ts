import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ReconnectService, TestService } from "../../gen/grpc/testing/test_pb.ts";
import { implement } from "../runtime/implement.ts";
import { testService } from "../runtime/testing/test-service.ts";
import { PROTOCOLS, startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(testService);
});
afterAll(() => gateway.stop(1000));

describe.each(PROTOCOLS)("%s", (protocol) => {
  const client = () => createClient(TestService, gateway.transports[protocol]);

  test("what a service streams arrives in order, and so does its refusal after it", async () => {
    const responseParameters = [{ size: 3 }, { size: 0 }, { size: 70_000 }];
    const sizes: (number | undefined)[] = [];
    const stream = client().streamingOutputCall({
      responseParameters,
      responseStatus: { code: 9, message: "no more" },
    });
    const read = async () => {
      for await (const { payload } of stream) sizes.push(payload?.body.byteLength);
    };
    expect(await read().catch(ConnectError.from)).toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: "no more",
    });
    expect(sizes).toEqual([3, 0, 70_000]);
  });

  test("what a caller streams arrives", async () => {
    async function* requests() {
      for (const length of [1, 20, 300]) yield { payload: { body: new Uint8Array(length) } };
    }
    expect(await client().streamingInputCall(requests())).toMatchObject({ aggregatedPayloadSize: 321 });
  });
});

test("both sides of a call stream at once", async () => {
  const { promise: secondAsked, resolve: askSecond } = Promise.withResolvers<void>();
  async function* requests() {
    yield { responseParameters: [{ size: 1 }] };
    await secondAsked;
    yield { responseParameters: [{ size: 2 }] };
  }
  const sizes: (number | undefined)[] = [];
  for await (const { payload } of createClient(TestService, gateway.transports.grpc).fullDuplexCall(requests())) {
    sizes.push(payload?.body.byteLength);
    askSecond();
  }
  expect(sizes).toEqual([1, 2]);
});

test.each(PROTOCOLS)(
  "over %s a watch ends without an error when the gateway stops, and does not hold it up",
  async (protocol) => {
    const stopped = await startTestGateway(testService);
    const client = createClient(TestService, stopped.transports[protocol]);
    const endless = { responseParameters: [{ size: 1 }, { size: 1, intervalUs: 1_000_000_000 }] };
    const stream = client.streamingOutputCall(endless)[Symbol.asyncIterator]();
    expect(await stream.next()).toMatchObject({ done: false });
    const ended = stream.next();
    await stopped.stop(2000);
    expect(await ended).toMatchObject({ done: true });
  },
);

describe("a service that does not answer", () => {
  const reached = Array.from({ length: PROTOCOLS.length }, () => Promise.withResolvers<AbortSignal>());
  let calls = 0;
  let slow: TestGateway;
  beforeAll(async () => {
    const binding = implement(ReconnectService, {
      async start(_, { signal }) {
        reached[calls++]?.resolve(signal);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return {};
      },
      stop: () => ({}),
    });
    slow = await startTestGateway({ ...binding, open: true });
  });
  afterAll(() => slow.stop(1000));

  test("hears that its caller has left, over every protocol", async () => {
    for (const [index, protocol] of PROTOCOLS.entries()) {
      const leaving = new AbortController();
      const call = createClient(ReconnectService, slow.transports[protocol])
        .start({}, { signal: leaving.signal })
        .catch(ConnectError.from);
      const signal = await reached[index]?.promise;
      const heard = new Promise((resolve) => signal?.addEventListener("abort", resolve));
      leaving.abort();
      await heard;
      expect(await call).toMatchObject({ code: Code.Canceled });
    }
  });

  test("is cut off at the caller's deadline", async () => {
    const call = createClient(ReconnectService, slow.transports.connect).start({}, { timeoutMs: 50 });
    expect(await call.catch(ConnectError.from)).toMatchObject({ code: Code.DeadlineExceeded });
  });
});
