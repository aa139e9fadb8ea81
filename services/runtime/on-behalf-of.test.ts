import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { BookingService } from "../../gen/cadre/booking/v1/booking_service_pb.ts";
import { CertificateService } from "../../gen/cadre/certificate/v1/certificate_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { createBreaker } from "./breaker.ts";
import { type CallContext, currentCall, runInCall } from "./call-context.ts";
import { createGrpcTransport, type GrpcTransport } from "./grpc-transport.ts";
import { clientInterceptors } from "./interceptors.ts";
import { startTestServer, type TestIssuer, type TestServer, testIssuer } from "./testing/server.ts";
import { standIn } from "./testing/stand-in.ts";
import { createMinter } from "./tokens.ts";

const PURCHASE = { purchaseId: "a0000000-0000-4000-8000-000000000000" };

let issuer: TestIssuer;
/** Booking asks certificate, and certificate asks franchise, for whoever called. */
let servers: TestServer[];
let channels: GrpcTransport[];
let seen: Record<string, CallContext | undefined>;

/** A channel as a service opens it to another. */
function channelOf(service: string, { address }: TestServer): GrpcTransport {
  const ownToken = () => issuer.tokenAs(Role.SERVICE, { sub: `service:${service}` });
  const channel = createGrpcTransport({ address, interceptors: clientInterceptors(ownToken, createBreaker(service)) });
  channels.push(channel);
  return channel;
}

beforeAll(async () => {
  issuer = await testIssuer();
  channels = [];
  const trainer = await startTestServer({
    issuer,
    services: [
      standIn(FranchiseService, {
        listFranchises() {
          seen.trainer = currentCall();
          return {};
        },
      }),
    ],
  });
  const franchises = createClient(FranchiseService, channelOf("certificate", trainer));
  const certificate = await startTestServer({
    issuer,
    services: [
      standIn(CertificateService, {
        async listCertificates() {
          seen.certificate = currentCall();
          await franchises.listFranchises({});
          return {};
        },
      }),
    ],
  });
  const certificates = createClient(CertificateService, channelOf("booking", certificate));
  const booking = await startTestServer({
    issuer,
    services: [
      standIn(BookingService, {
        async getPurchase() {
          seen.booking = currentCall();
          await certificates.listCertificates({});
          return {};
        },
      }),
    ],
  });
  servers = [booking, certificate, trainer];
});
afterAll(async () => {
  for (const channel of channels ?? []) channel.close();
  for (const server of servers ?? []) await server.close();
});
beforeEach(() => {
  seen = {};
});

const [bookingOf, certificateOf] = [() => servers[0] as TestServer, () => servers[1] as TestServer];
const withHeader =
  (name: string, value: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set(name, value);
    return next(request);
  };

async function listAs(role: Role, callersToken: string): Promise<ConnectError | undefined> {
  const token = await issuer.tokenAs(role);
  const interceptors = [withHeader("authorization", `Bearer ${token}`), withHeader("cadre-caller", callersToken)];
  const channel = createGrpcTransport({ address: certificateOf().address, interceptors });
  channels.push(channel);
  return createClient(CertificateService, channel)
    .listCertificates({})
    .then(() => undefined, ConnectError.from);
}
const reasonOf = (error: ConnectError | undefined) => error?.findDetails(ErrorInfoSchema)[0]?.reason;

test("every service behind a call knows by whom it is called and on whose behalf", async () => {
  const operator = bookingOf().transportAs(Role.OPERATOR, { sub: "ada", operator_id: PURCHASE.purchaseId });
  await createClient(BookingService, operator).getPurchase(PURCHASE);
  expect(seen.booking).toMatchObject({ caller: { subject: "ada" } });
  expect(seen.booking?.onBehalfOf).toBeUndefined();
  const ada = { subject: "ada", role: Role.OPERATOR, claims: { operator_id: PURCHASE.purchaseId } };
  expect(seen.certificate).toMatchObject({ caller: { subject: "service:booking" }, onBehalfOf: ada });
  expect(seen.trainer).toMatchObject({ caller: { subject: "service:certificate" }, onBehalfOf: ada });
});

test("a job's calls are on nobody's behalf", async () => {
  const client = createClient(CertificateService, channelOf("booking", certificateOf()));
  await runInCall({ signal: new AbortController().signal }, () => client.listCertificates({}));
  expect(seen.trainer).toMatchObject({ caller: { subject: "service:certificate" } });
  expect([seen.certificate?.onBehalfOf, seen.trainer?.onBehalfOf]).toEqual([undefined, undefined]);
});

test("nobody but a service calls on another's behalf", async () => {
  const admin = await issuer.tokenAs(Role.ADMIN);
  for (const role of [Role.ADMIN, Role.OPERATOR, Role.STUDENT]) {
    const refusal = await listAs(role, admin);
    expect([refusal?.code, reasonOf(refusal)]).toEqual([Code.PermissionDenied, "CALLER_NOT_ALLOWED"]);
  }
  expect(seen).toEqual({});
});

test("a service is not believed on whose behalf it calls, but must show that caller's token", async () => {
  const forged = createMinter({ issuer: issuer.issuer, key: (await testIssuer()).key });
  const ada = { subject: "ada", role: Role.ADMIN };
  const minter = createMinter(issuer);
  for (const token of [
    "ada",
    await forged.mint({ ...ada, lifetimeS: 60 }),
    await minter.mint({ ...ada, lifetimeS: -90 }),
  ]) {
    expect((await listAs(Role.SERVICE, token))?.code).toBe(Code.Unauthenticated);
  }
  expect(await listAs(Role.SERVICE, await minter.mint({ ...ada, lifetimeS: -5 }))).toBeUndefined();
  expect(seen.trainer?.onBehalfOf?.subject).toBe("ada");
});
