import { once } from "node:events";
import { connect } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterEach, expect, test } from "@jest/globals";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { ErrorInfoSchema, QuotaFailureSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { keepAllowances } from "../runtime/allowances.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { PROTOCOLS, startTestGateway, type TestGateway } from "./testing/test-gateway.ts";

const CODE = "0".repeat(26);

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.stop(0);
  gateway = undefined;
});

const certificates = standIn(CertificateService, {
  verifyCertificate: () => ({ number: "1" }),
  listCertificates: () => ({}),
});

function limited(sizes: Record<string, number>, addressOf = () => "198.51.100.7") {
  const allowances = new Map(Object.entries(sizes).map(([name, points]) => [name, { points, durationS: 60 }]));
  return startTestGateway(certificates, { allowances: keepAllowances(allowances), addressOf });
}

async function as(name: string) {
  const token = await gateway?.issuer.tokenAs(Role.ADMIN, { sub: name });
  return { headers: { authorization: `Bearer ${token}` } };
}

test.each(PROTOCOLS)("over %s, who has used up an allowance hears when to come back", async (protocol) => {
  gateway = await limited({ address: 100, user: 10, verification: 100 });
  const client = createClient(CertificateService, gateway.transports[protocol]);
  for (let call = 0; call < 10; call++) await client.listCertificates({}, await as("ada"));

  const error = await client.listCertificates({}, await as("ada")).then(() => null, ConnectError.from);
  expect(error).toMatchObject({ code: Code.ResourceExhausted });
  expect(error?.rawMessage).toMatch(/^too many calls: the allowance "user" is used up, come back in \d+ s$/);
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([
    { reason: "RATE_LIMITED", metadata: { allowance: "user" } },
  ]);
  expect(error?.findDetails(QuotaFailureSchema)).toMatchObject([
    { violations: [{ subject: "user:ada", description: "10 points in 60 s" }] },
  ]);
  const [retry] = error?.findDetails(RetryInfoSchema) ?? [];
  expect(Number(retry?.retryDelay?.seconds)).toBeGreaterThan(50);

  await client.listCertificates({}, await as("grace"));
  await createClient(Health, gateway.transports[protocol]).check({});
});

test("an address is counted before anybody looks at its tokens", async () => {
  gateway = await limited({ address: 10, user: 100, verification: 100 });
  const list = (): Promise<Response> =>
    fetch(`${gateway?.url}/cadre.certificate.v1.CertificateService/ListCertificates`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer forged" },
      body: "{}",
    });
  for (let call = 0; call < 10; call++) expect((await list()).status).toBe(401);
  expect((await list()).status).toBe(429);
});

test("what needs no token is counted by address, and takes nothing from others", async () => {
  let address = "198.51.100.7";
  gateway = await limited({ address: 100, user: 100, verification: 2 }, () => address);
  const client = createClient(CertificateService, gateway.transports.connect);
  await client.verifyCertificate({ code: CODE });
  await client.verifyCertificate({ code: CODE });
  const error = await client.verifyCertificate({ code: CODE }).then(() => null, ConnectError.from);
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([{ metadata: { allowance: "verification" } }]);
  await client.listCertificates({}, await as("ada"));
  address = "203.0.113.9";
  await client.verifyCertificate({ code: CODE });
});

test("a gateway whose allowances cannot pay for a contract's call does not start", async () => {
  await expect(limited({ address: 100, user: 100 })).rejects.toThrow(
    /VerifyCertificate takes 1 of "verification", which has 0/,
  );
});

test("more work than is taken on is refused at once, while health and verification answer", async () => {
  const release = Promise.withResolvers<void>();
  const held = standIn(CertificateService, {
    verifyCertificate: () => ({ number: "1" }),
    async listCertificates() {
      await release.promise;
      return {};
    },
  });
  gateway = await startTestGateway(held, { inFlight: { maxCalls: 4, maxStreams: 4 } });
  const client = createClient(CertificateService, gateway.transports.grpc);
  const options = await as("ada");
  const calls = Array.from({ length: 12 }, () => client.listCertificates({}, options).catch(ConnectError.from));
  const refused = await Promise.race(calls);
  expect(refused).toMatchObject({ code: Code.ResourceExhausted });
  expect(await client.verifyCertificate({ code: CODE })).toMatchObject({ number: "1" });
  await createClient(Health, gateway.transports.grpc).check({});

  release.resolve();
  const errors = (await Promise.all(calls)).filter((outcome) => outcome instanceof ConnectError);
  expect(errors).toHaveLength(8);
  for (const error of errors) {
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "OVERLOADED" }]);
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1n } }]);
  }
  await client.listCertificates({}, options);
});

test("one address does not get all places", async () => {
  let address = "198.51.100.7";
  let held = 0;
  const two = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const busy = standIn(CertificateService, {
    async listCertificates() {
      held += 1;
      if (held === 2) two.resolve();
      await release.promise;
      return {};
    },
    getCertificate: () => ({}),
  });
  gateway = await startTestGateway(busy, { inFlight: { maxCalls: 4, maxStreams: 4 }, addressOf: () => address });
  const client = createClient(CertificateService, gateway.transports.connect);
  const options = await as("ada");
  const calls = [client.listCertificates({}, options), client.listCertificates({}, options)];
  await two.promise;
  const get = () => client.getCertificate({ key: { case: "certificateId", value: crypto.randomUUID() } }, options);
  await expect(get()).rejects.toMatchObject({ code: Code.ResourceExhausted });
  address = "203.0.113.9";
  await get();
  release.resolve();
  await Promise.all(calls);
});

test("one user does not get all streams, and is told to end one", async () => {
  const watched = standIn(BookingService, {
    async *watchSchedule(_, { signal }) {
      yield {};
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  });
  gateway = await startTestGateway(watched, { inFlight: { maxCalls: 100, maxStreams: 100, maxStreamsOfCaller: 2 } });
  const client = createClient(BookingService, gateway.transports.grpc);
  const leaving = new AbortController();
  const watch = async (name: string, signal?: AbortSignal) => {
    const stream = client.watchSchedule({}, { ...(await as(name)), ...(signal ? { signal } : {}) });
    const updates = stream[Symbol.asyncIterator]();
    await updates.next();
    return updates;
  };
  const first = await watch("ada", leaving.signal);
  const second = await watch("ada");
  const error = await watch("ada").catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.ResourceExhausted });
  if (!(error instanceof ConnectError)) throw new Error("the third stream was opened");
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "TOO_MANY_STREAMS" }]);
  expect(error.findDetails(QuotaFailureSchema)).toMatchObject([
    { violations: [{ subject: "user:ada", description: "2 streams" }] },
  ]);
  const others = await watch("grace");

  leaving.abort();
  await first.next().catch(() => undefined);
  const third = await untilOpen(() => watch("ada"));
  for (const stream of [second, third, others]) await stream.return?.();
});

/** The gateway hears that a caller has left a moment after it did. */
async function untilOpen<T>(open: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const stream = await open().catch(() => null);
    if (stream) return stream;
  }
  throw new Error("the place of a stream that has ended is not given to another");
}

test("whoever watches health from one address takes nobody's place, and has so many watches", async () => {
  let address = "198.51.100.7";
  const inFlight = { maxCalls: 4, maxStreams: 4 };
  gateway = await startTestGateway(certificates, { inFlight, addressOf: () => address });
  const health = createClient(Health, gateway.transports.grpc);
  const leaving = new AbortController();
  const watch = () => health.watch({}, { signal: leaving.signal })[Symbol.asyncIterator]().next();
  for (let watches = 0; watches < 20; watches++) await watch();
  await expect(watch()).rejects.toMatchObject({ code: Code.ResourceExhausted });
  await health.check({});
  address = "203.0.113.9";
  await watch();
  leaving.abort();
});

test("an address has so many connections and no more, and another one's are its own", async () => {
  gateway = await startTestGateway(certificates, { connections: { maxConnections: 100, maxConnectionsOf: () => 3 } });
  const { port, url } = gateway;
  const open = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      return socket;
    }),
  );
  const fourth = connect(port, "127.0.0.1");
  await once(fourth, "close");
  const elsewhere = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    nodeOptions: { localAddress: "127.0.0.2" },
  });
  await createClient(CertificateService, elsewhere).verifyCertificate({ code: CODE });

  const [first] = open;
  first?.destroy();
  await untilAnswered(url);
  for (const socket of open) socket.destroy();
});

/** The server hears of a closed connection a moment after its client. */
async function untilAnswered(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return;
  }
  throw new Error("the place of a closed connection is not given to another");
}
