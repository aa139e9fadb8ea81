import type { Interceptor, Transport } from "@connectrpc/connect";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { Role } from "../../../gen/cadre/policy/v1/policy_pb.ts";
import { createGrpcTransport } from "../grpc-transport.ts";
import type { ServiceBinding } from "../implement.ts";
import { serverInterceptors } from "../interceptors.ts";
import { createLogger } from "../logger.ts";
import { largestMessages } from "../message-limits.ts";
import { serve } from "../serve.ts";
import type { Tls } from "../tls.ts";
import { createMinter, createVerifier, type Verifier } from "../tokens.ts";
import { claimsOf } from "./claims.ts";

const ISSUER = "https://issuer.test";

/** An issuer for one test file. */
export interface TestIssuer {
  issuer: string;
  /** Public and private. */
  key: JWK;
  verifier: Verifier;
  tokenAs(role: Role, claims?: Record<string, string>): Promise<string>;
}

export interface TestServer {
  /** "127.0.0.1:port" */
  address: string;
  issuer: TestIssuer;
  /** A channel whose calls carry a token of that role; `null` for none. */
  transportAs(role: Role | null, claims?: Record<string, string>): Transport;
  close(): Promise<void>;
}

export async function testIssuer(): Promise<TestIssuer> {
  const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: "test", alg: "EdDSA" };
  const { d: _private, ...publicKey } = key;
  const minter = createMinter({ issuer: ISSUER, key });
  return {
    issuer: ISSUER,
    key,
    verifier: createVerifier({ issuer: ISSUER, jwks: { keys: [publicKey as JWK & { kty: string }] } }),
    tokenAs: (role, claims = {}) =>
      minter.mint({ subject: claims.sub ?? "tester", role, claims: claimsOf(role, claims), lifetimeS: 3600 }),
  };
}

/** Serves on a free port exactly as a service's process does: the same server, the same interceptors. */
export async function startTestServer(options: {
  services: ServiceBinding[];
  issuer?: TestIssuer;
  tls?: Tls | undefined;
  logLevel?: string;
  /** Sent with every call that does not have them. */
  headers?: Record<string, string>;
}): Promise<TestServer> {
  const issuer = options.issuer ?? (await testIssuer());
  // A bug must be seen in the test's output.
  const logger = createLogger("test", options.logLevel ?? "error");
  const server = await serve({
    services: options.services,
    interceptors: (services) => serverInterceptors({ logger, verifier: issuer.verifier, services }),
    host: "127.0.0.1",
    port: 0,
    secure: options.tls?.server,
    reflection: true,
  });
  const address = `127.0.0.1:${server.port}`;
  const { responseBytes } = largestMessages(options.services.map(({ service }) => service));
  const channelOptions = { "grpc.max_receive_message_length": responseBytes };
  const open: { close(): void }[] = [];

  return {
    address,
    issuer,
    transportAs(role, claims) {
      const interceptors = [defaultHeaders(options.headers ?? {})];
      if (role !== null) interceptors.push(bearer(() => issuer.tokenAs(role, claims)));
      const transport = createGrpcTransport({ address, interceptors, channelOptions });
      open.push(transport);
      return transport;
    },
    async close() {
      for (const transport of open) transport.close();
      await server.stop(1000);
    },
  };
}

function defaultHeaders(headers: Record<string, string>): Interceptor {
  return (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) {
      if (!request.header.has(name)) request.header.set(name, value);
    }
    return next(request);
  };
}

function bearer(token: () => Promise<string>): Interceptor {
  return (next) => async (request) => {
    if (!request.header.has("authorization")) request.header.set("authorization", `Bearer ${await token()}`);
    return next(request);
  };
}
