import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { createBreaker } from "./breaker.ts";
import { createGrpcTransport, type GrpcTransport } from "./grpc-transport.ts";
import { startTestServer, type TestServer } from "./testing/server.ts";
import { standIn } from "./testing/stand-in.ts";

const FRANCHISE_ID = "f0000000-0000-4000-8000-000000000001";

let server: TestServer;
let transport: GrpcTransport;
let arrivals: number;
let failsAt: (arrival: number) => boolean;

beforeEach(async () => {
  arrivals = 0;
  failsAt = () => true;
  const getFranchise = () => {
    arrivals += 1;
    if (failsAt(arrivals)) throw new ConnectError("the test has taken it down", Code.Unavailable);
    return { franchise: { franchiseId: FRANCHISE_ID } };
  };
  server = await startTestServer({
    services: [standIn(FranchiseService, { getFranchise })],
  });
});
afterEach(async () => {
  transport.close();
  await server.close();
});

/** Calls that never reject: true when it was answered. */
async function calls(services: DescService[], ...interceptors: Interceptor[]): Promise<() => Promise<boolean>> {
  const token = await server.issuer.tokenAs(Role.SERVICE);
  const authorize: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  transport = createGrpcTransport({ address: server.address, services, interceptors: [...interceptors, authorize] });
  const franchises = createClient(FranchiseService, transport);
  return () =>
    franchises.getFranchise({ franchiseId: FRANCHISE_ID }).then(
      () => true,
      () => false,
    );
}

test("a call that may be repeated is, when nobody answers", async () => {
  failsAt = (arrival) => arrival === 1;
  const call = await calls([FranchiseService]);
  expect(await call()).toBe(true);
  expect(arrivals).toBe(2);
});

test("without a contract that allows it nothing is repeated", async () => {
  const call = await calls([]);
  expect(await call()).toBe(false);
  expect(arrivals).toBe(1);
});

test("a retry storm dies out: a dead dependency gets at most 1.2 times its normal calls", async () => {
  const call = await calls([FranchiseService]);
  const inARow = 50;
  for (let made = 0; made < inARow; made += 1) await call();
  expect(arrivals).toBeLessThanOrEqual(1.2 * inARow);

  const before = arrivals;
  await Promise.all(Array.from({ length: 200 }, call));
  expect(arrivals - before).toBe(200);
});

test("a dependency that fails every tenth call gets at most 1.2 times its normal calls, and answers all of them", async () => {
  failsAt = (arrival) => arrival % 10 === 0;
  const call = await calls([FranchiseService]);
  const answered: boolean[] = [];
  for (let made = 0; made < 50; made += 1) answered.push(await call());
  expect(answered).not.toContain(false);
  expect(arrivals).toBeLessThanOrEqual(60);
});

test("after five failures in a row the dependency is left alone, until one call on trial is answered", async () => {
  const breaker = createBreaker("franchises");
  const call = await calls([], breaker.interceptor);
  for (let made = 0; made < 20; made += 1) await call();
  expect(arrivals).toBe(5);
  expect(breaker.state()).toBe("open");

  failsAt = () => false;
  while (!(await call())) await new Promise(setImmediate);
  expect(breaker.state()).toBe("closed");
  expect(arrivals).toBe(6);
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
  expect(arrivals).toBe(6);
});
