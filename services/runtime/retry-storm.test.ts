import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { createBreaker } from "./breaker.ts";
import {
  type FranchiseCalls,
  type FranchiseServer,
  franchiseCalls,
  startFranchiseServer,
} from "./testing/franchise-server.ts";

let server: FranchiseServer;
let open: FranchiseCalls;
let failsAt: (arrival: number) => boolean;
let pushback: string | undefined;

beforeEach(async () => {
  failsAt = () => true;
  pushback = undefined;
  server = await startFranchiseServer((arrival) => {
    const metadata = pushback === undefined ? {} : { "grpc-retry-pushback-ms": pushback };
    if (failsAt(arrival)) throw new ConnectError("the test has taken it down", Code.Unavailable, metadata);
  });
});
afterEach(async () => {
  open.close();
  await server.close();
});

async function calls(services: DescService[], ...interceptors: Interceptor[]): Promise<FranchiseCalls["call"]> {
  open = await franchiseCalls(server.address, server.issuer, { services, interceptors });
  return open.call;
}

test("a call that may be repeated is, when nobody answers", async () => {
  failsAt = (arrival) => arrival === 1;
  const call = await calls([FranchiseService]);
  expect(await call()).toBe(true);
  expect(server.arrivals.length).toBe(2);
});

test("the answer says when it is repeated", async () => {
  pushback = "400";
  failsAt = (arrival) => arrival === 1;
  const call = await calls([FranchiseService]);
  expect(await call()).toBe(true);
  const [first = 0, second = 0] = server.arrivals;
  expect(second - first).toBeGreaterThanOrEqual(390); // 50 ms without it
});

test("the answer says that it is not to be repeated", async () => {
  pushback = "-1";
  const call = await calls([FranchiseService]);
  expect(await call()).toBe(false);
  expect(server.arrivals).toHaveLength(1);
});

test("without a contract that allows it nothing is repeated", async () => {
  const call = await calls([]);
  expect(await call()).toBe(false);
  expect(server.arrivals.length).toBe(1);
});

test("a retry storm dies out: a dead dependency gets at most 1.2 times its normal calls", async () => {
  const call = await calls([FranchiseService]);
  const inARow = 50;
  for (let made = 0; made < inARow; made += 1) await call();
  expect(server.arrivals.length).toBeLessThanOrEqual(1.2 * inARow);

  const before = server.arrivals.length;
  await Promise.all(Array.from({ length: 200 }, () => call()));
  expect(server.arrivals.length - before).toBe(200);
});

test("a dependency that fails every tenth call gets at most 1.2 times its normal calls, and answers all of them", async () => {
  failsAt = (arrival) => arrival % 10 === 0;
  const call = await calls([FranchiseService]);
  const answered: boolean[] = [];
  for (let made = 0; made < 50; made += 1) answered.push(await call());
  expect(answered).not.toContain(false);
  expect(server.arrivals.length).toBeLessThanOrEqual(60);
});

test("after five failures in a row the dependency is left alone, until one call on trial is answered", async () => {
  const breaker = createBreaker("franchises");
  const call = await calls([], breaker.interceptor);
  while (breaker.state() === "closed") await call();
  expect(server.arrivals.length).toBe(5);
  expect(await call()).toBe(false);
  expect(server.arrivals.length).toBe(5);

  failsAt = () => false;
  while (!(await call())) await new Promise(setImmediate);
  expect(breaker.state()).toBe("closed");
  expect(server.arrivals.length).toBe(6);
});

test("failures that an answer comes between do not open it", async () => {
  const breaker = createBreaker("franchises");
  failsAt = (arrival) => arrival % 5 !== 0;
  const call = await calls([], breaker.interceptor);
  for (let made = 0; made < 14; made += 1) await call();
  expect(breaker.state()).toBe("closed");
  failsAt = () => true;
  await call();
  expect(breaker.state()).toBe("open");
});

test("while one call is on trial the others are refused, and do not wait for it", async () => {
  const breaker = createBreaker("franchises");
  const call = await calls([], breaker.interceptor);
  for (let made = 0; made < 5; made += 1) await call();
  const started: Promise<boolean>[] = [];
  while (breaker.state() !== "half_open") {
    started.push(call());
    await new Promise(setImmediate);
  }
  expect(await Promise.all([call(), call(), call()])).toEqual([false, false, false]);
  await Promise.all(started);
  expect(server.arrivals.length).toBe(6);
});

test("a refusal of an open breaker says why, and that it is not to be repeated", async () => {
  const { interceptor, state } = createBreaker("franchises");
  const call = await calls([], interceptor);
  while (state() === "closed") await call();
  const method: object = { stream: false, service: FranchiseService, method: FranchiseService.method.getFranchise };
  const refused = interceptor(() => Promise.reject(new Error("it was called")))(
    method as Parameters<ReturnType<Interceptor>>[0],
  );
  const error = await refused.then(() => undefined, ConnectError.from);
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DEPENDENCY_UNAVAILABLE" }]);
  expect(error?.metadata.get("grpc-retry-pushback-ms")).toBe("-1");
});

test("a trial by a caller with hardly any time does not close it, nor one that is left", async () => {
  const breaker = createBreaker("franchises");
  const call = await calls([], breaker.interceptor);
  while (breaker.state() === "closed") await call();
  await server.close();
  server = await startFranchiseServer(
    (_, signal) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
  );
  open.close();
  const impatient = await calls([], breaker.interceptor);
  while (server.arrivals.length === 0) await impatient(20);
  expect(breaker.state()).toBe("open");
});

test("callers with hardly any time do not open it for the others", async () => {
  const breaker = createBreaker("franchises");
  await server.close();
  server = await startFranchiseServer(
    (_, signal) => new Promise((resolve) => signal.addEventListener("abort", resolve)),
  );
  const call = await calls([], breaker.interceptor);
  for (let made = 0; made < 6; made += 1) expect(await call(20)).toBe(false);
  expect(breaker.state()).toBe("closed");

  await Promise.all(Array.from({ length: 5 }, () => call(1100))); // 2,000 ms in the contract
  expect(breaker.state()).toBe("open");
});
