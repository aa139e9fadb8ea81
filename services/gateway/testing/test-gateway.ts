import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { createGrpcTransport as createChannel } from "../../runtime/grpc-transport.ts";
import type { ServiceBinding } from "../../runtime/implement.ts";
import { createLogger } from "../../runtime/logger.ts";
import { observeClient } from "../../runtime/observe.ts";
import { needingAny } from "../../runtime/readiness.ts";
import { startTestServer, type TestIssuer, testIssuer } from "../../runtime/testing/server.ts";
import { forward } from "../forward.ts";
import { type GatewayOptions, type RunningGateway, startGateway } from "../gateway.ts";

export interface TestGateway {
  url: string;
  port: number;
  issuer: TestIssuer;
  /** What a caller of each protocol has in hand. */
  transports: Record<Protocol, Transport>;
  stopBackend(): Promise<void>;
  leave: RunningGateway["leave"];
  stop: RunningGateway["stop"];
}

export const PROTOCOLS = ["connect", "connect over HTTP/2", "grpc-web", "grpc"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A gateway before a real server that answers one service. */
export async function startTestGateway(
  binding: ServiceBinding,
  options: Partial<
    Pick<
      GatewayOptions,
      "allowances" | "inFlight" | "addressOf" | "bodies" | "connections" | "logger" | "ready" | "ownTraces"
    >
  > = {},
): Promise<TestGateway> {
  const issuer = await testIssuer();
  const server = await startTestServer({
    services: [binding],
    issuer,
    logLevel: "silent",
  });
  const channel = createChannel({ address: server.address, interceptors: [observeClient()] });
  const gateway = await startGateway({
    services: [{ ...binding, ...forward(binding.service, { name: "test", transport: channel }) }],
    ready: async () => needingAny({ test: "ok" }),
    logger: createLogger("gateway", "silent"),
    verifier: issuer.verifier,
    host: "127.0.0.1",
    port: 0,
    origins: ["https://console.example"],
    reflection: true,
    ...options,
  }).catch(async (error: unknown) => {
    channel.close();
    await server.close();
    throw error;
  });
  const baseUrl = `http://127.0.0.1:${gateway.port}`;
  return {
    url: baseUrl,
    port: gateway.port,
    issuer,
    transports: {
      connect: createConnectTransport({ baseUrl, httpVersion: "1.1", useHttpGet: true }),
      "connect over HTTP/2": createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false }),
      "grpc-web": createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
      grpc: createGrpcTransport({ baseUrl }),
    },
    stopBackend: () => server.close(),
    leave: gateway.leave,
    async stop(graceMs) {
      await gateway.stop(graceMs);
      channel.close();
      await server.close();
    },
  };
}
