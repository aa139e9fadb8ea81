import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  type FranchiseCalls,
  type FranchiseServer,
  franchiseCalls,
  startFranchiseServer,
} from "./testing/franchise-server.ts";
import { type TestIssuer, testIssuer } from "./testing/server.ts";

const LONG_MS = 20_000;
/** Of outlier detection: by then it has judged a whole one. */
const TWICE_THE_INTERVAL_MS = 11_000;

let issuer: TestIssuer;
let stack: AsyncDisposableStack;
beforeEach(async () => {
  issuer = await testIssuer();
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

async function replica(answer: (arrival: number) => unknown = () => undefined): Promise<FranchiseServer> {
  return stack.adopt(await startFranchiseServer(answer, issuer), (server) => server.close());
}

async function callsTo(target: string, options?: Parameters<typeof franchiseCalls>[2]): Promise<FranchiseCalls> {
  return stack.adopt(await franchiseCalls(target, issuer, options), (calls) => calls.close());
}

const portOf = (address: string) => address.split(":")[1];

test("a static list of addresses is called in turn", async () => {
  const [one, other] = [await replica(), await replica()];
  const calls = await callsTo(`ipv4:${one.address},${other.address}`);
  while (one.arrivals.length === 0 || other.arrivals.length === 0) await calls.call();
  const before = [one.arrivals.length, other.arrivals.length];
  for (let made = 0; made < 20; made += 1) await calls.call();
  expect([one.arrivals.length, other.arrivals.length]).toEqual(before.map((count) => count + 10));
});

test("a name is resolved by DNS", async () => {
  const server = await replica();
  const calls = await callsTo(`dns:///localhost:${portOf(server.address)}`);
  expect(await calls.call()).toBe(true);
});

test("a replica is killed under load: the calls go on with the other, and none fails", async () => {
  const [one, other] = [await replica(), await replica()];
  const calls = await callsTo(`ipv4:${one.address},${other.address}`);
  while (one.arrivals.length === 0 || other.arrivals.length === 0) await calls.call();
  let failed = 0;
  const caller = async (): Promise<void> => {
    for (let made = 0; made < 50; made += 1) if (!(await calls.call())) failed += 1;
  };
  const load = Promise.all([caller(), caller(), caller(), caller()]);
  while (one.arrivals.length < 30) await new Promise(setImmediate);
  await one.close();
  await load;
  expect(failed).toBe(0);
  expect(other.arrivals.length).toBeGreaterThan(one.arrivals.length);
});

test(
  "a replica that fails all of its calls is left out",
  async () => {
    const broken = await replica(() => {
      throw new ConnectError("the test has broken it", Code.Unavailable);
    });
    const sound = await replica();
    // Without retries, which would hide it.
    const calls = await callsTo(`ipv4:${broken.address},${sound.address}`, { services: [] });
    let answeredInARow = 0;
    while (answeredInARow < 100) answeredInARow = (await calls.call()) ? answeredInARow + 1 : 0;
    expect(broken.arrivals.length).toBeGreaterThan(20);
  },
  LONG_MS,
);

test(
  "who is refused all the time does not have a replica left out for the others",
  async () => {
    const refuse = () => {
      throw new ConnectError("the test asks for what is not there", Code.NotFound);
    };
    const [one, other] = [await replica(refuse), await replica(refuse)];
    const calls = await callsTo(`ipv4:${one.address},${other.address}`, { services: [] });
    while (one.arrivals.length === 0 || other.arrivals.length === 0) await calls.call();
    const endMs = performance.now() + TWICE_THE_INTERVAL_MS;
    let before = [0, 0];
    while (performance.now() < endMs) {
      before = [one.arrivals.length, other.arrivals.length];
      for (let made = 0; made < 100; made += 1) await calls.call();
    }
    expect([one.arrivals.length, other.arrivals.length]).toEqual(before.map((count) => count + 50));
  },
  LONG_MS,
);

test(
  "a connection that TCP thinks alive, and nobody answers on, is replaced",
  async () => {
    const server = await replica();
    const sockets: Socket[] = [];
    const proxy = createServer((socket) => {
      const behind = connect(Number(portOf(server.address)), "127.0.0.1");
      sockets.push(
        socket.on("error", () => undefined),
        behind.on("error", () => undefined),
      );
      socket.pipe(behind).pipe(socket);
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    stack.defer(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    const calls = await callsTo(`127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    expect(await calls.call()).toBe(true);

    for (const socket of sockets) socket.unpipe().resume();
    expect(await calls.call(200)).toBe(false);
    while (!(await calls.call(200))) await new Promise(setImmediate);
  },
  LONG_MS,
);
