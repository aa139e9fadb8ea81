import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readiness } from "./readiness.ts";

export interface AdminServerOptions {
  host: string;
  port: number;
  ready: () => Promise<Readiness>;
  serveMetrics: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface AdminServer {
  port: number;
  close(): Promise<void>;
}

/** Serves /health (the process lives), /ready (it can do its work; 503 when not) and /metrics, away from the public port. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    const pathname = request.url?.split("?", 1)[0] ?? "/";
    if (pathname === "/metrics") options.serveMetrics(request, response);
    else void answerHealth(pathname, options.ready, response);
  });
  await once(server.listen(options.port, options.host), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers /health and /ready, which public ports have too; 404 for everything else. */
export async function answerHealth(
  pathname: string,
  ready: () => Promise<Readiness>,
  response: ServerResponse,
): Promise<void> {
  if (pathname === "/health") return answerJson(response, 200, { status: "ok" });
  if (pathname !== "/ready") return answerJson(response, 404, { error: `there is nothing at ${pathname}` });
  const { status, dependencies } = await ready();
  answerJson(response, status === "not ready" ? 503 : 200, { status, dependencies });
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
