import { readFile } from "node:fs/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { ChannelCredentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ConfigError } from "./config.ts";
import { createGrpcTransport } from "./grpc-transport.ts";
import { type Authority, testAuthority } from "./testing/authority.ts";
import { startTestServer, type TestIssuer, type TestServer, testIssuer } from "./testing/server.ts";
import { standIn } from "./testing/stand-in.ts";
import { readTls, type Tls } from "./tls.ts";
import { createMinter, createVerifier } from "./tokens.ts";

let authority: Authority;
let elsewhere: Authority;
let trainer: TestServer;

beforeAll(async () => {
  authority = await testAuthority();
  elsewhere = await testAuthority();
  trainer = await startTestServer({
    services: [standIn(FranchiseService, { listFranchises: () => ({}) })],
    tls: await certifiedAs("trainer"),
    issuer: await issuerBesideBooking(),
  });
});
afterAll(async () => {
  await trainer?.close();
  await authority?.close();
  await elsewhere?.close();
});

/** Whose keys are published with that of the booking service, which signs what booking says of itself. */
async function issuerBesideBooking(): Promise<TestIssuer> {
  const [issuer, booking] = [await testIssuer(), await testIssuer()];
  const own = { ...booking.key, kid: "booking", cadre_service: "booking" };
  const keys = [issuer.key, own].map(({ d: _private, ...key }) => ({ kty: "OKP", ...key }));
  const minter = createMinter({ issuer: issuer.issuer, key: own });
  return {
    ...issuer,
    verifier: createVerifier({ issuer: issuer.issuer, jwks: { keys } }),
    tokenAs: (role, claims = {}) =>
      claims.sub === "service:booking"
        ? minter.mint({ subject: claims.sub, role, lifetimeS: 60 })
        : issuer.tokenAs(role, claims),
  };
}

async function certifiedAs(service: string, by = authority): Promise<Tls> {
  const tls = await readTls(await by.filesFor(service));
  if (!tls) throw new Error("there are no credentials");
  return tls;
}

/** The code and the reason of a call's refusal; "answered" where there is none. */
async function call(by: Partial<ReturnType<Tls["channelTo"]>> | undefined, role: Role, subject: string) {
  const channel = createGrpcTransport({ address: trainer.address, ...by });
  const authorization = `Bearer ${await trainer.issuer.tokenAs(role, { sub: subject })}`;
  try {
    await createClient(FranchiseService, channel).listFranchises({}, { headers: { authorization } });
    return "answered";
  } catch (error) {
    const refusal = ConnectError.from(error);
    return `${Code[refusal.code]} ${refusal.findDetails(ErrorInfoSchema)[0]?.reason ?? ""}`.trim();
  } finally {
    channel.close();
  }
}

test("a service whose certificate names it calls one whose certificate does, too", async () => {
  const booking = await certifiedAs("booking");
  expect(await call(booking.channelTo("trainer"), Role.SERVICE, "service:booking")).toBe("answered");
});

test("the gateway's connection carries its callers", async () => {
  const gateway = await certifiedAs("gateway");
  expect(await call(gateway.channelTo("trainer"), Role.ADMIN, "ada")).toBe("answered");
  expect(await call(gateway.channelTo("trainer"), Role.SERVICE, "a partner's program")).toBe("answered");
});

test("who shows no certificate, or one of another authority, is not let in, whatever its token", async () => {
  const { TLS_CA_FILE } = await authority.filesFor("booking");
  const ofAnother = await readTls({ ...(await elsewhere.filesFor("booking")), TLS_CA_FILE });
  const ca = await readFile(TLS_CA_FILE);
  const named = { channelOptions: { "grpc.ssl_target_name_override": "trainer" } };
  for (const by of [
    undefined,
    { ...named, credentials: ChannelCredentials.createSsl(ca) },
    ofAnother?.channelTo("trainer"),
  ]) {
    expect(await call(by, Role.SERVICE, "service:booking")).toBe("Unavailable");
  }
});

test("a server whose certificate names another service, or is of another authority, is not called", async () => {
  const booking = await certifiedAs("booking");
  expect(await call(booking.channelTo("certificate"), Role.SERVICE, "service:booking")).toBe("Unavailable");
  const stranger = await certifiedAs("booking", elsewhere);
  expect(await call(stranger.channelTo("trainer"), Role.SERVICE, "service:booking")).toBe("Unavailable");
});

test("a service's token is of no use over another's connection", async () => {
  const certificate = await certifiedAs("certificate");
  const stolen = await call(certificate.channelTo("trainer"), Role.SERVICE, "service:booking");
  expect(stolen).toBe("Unauthenticated CERTIFICATE_MISMATCH");
});

test("two files of three, or one that is not there, end the start", async () => {
  const { TLS_CA_FILE: _, ...two } = await authority.filesFor("booking");
  await expect(readTls(two)).rejects.toThrow(ConfigError);
  const missing = readTls({ ...(await authority.filesFor("booking")), TLS_KEY_FILE: "/nowhere" });
  await expect(missing).rejects.toThrow(/^TLS_KEY_FILE: ENOENT/);
  expect(await readTls({})).toBeUndefined();
});
