import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getuid } from "node:process";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { build } from "esbuild";
import { type Browser, chromium, type Page as Tab } from "playwright-core";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Page, Protocol } from "./browser-page.ts";
import { requireProgram } from "./debian-program.ts";
import { type Mesh, startMesh } from "./mesh.ts";

const CHROMIUM = "/usr/bin/chromium";
/** Chromium's sandbox refuses to run as root. */
const ROOT_FLAGS = getuid?.() === 0 ? ["--no-sandbox"] : [];
const PROTOCOLS: Protocol[] = ["Connect", "gRPC-Web"];

declare const window: { page: Page };

let mesh: Mesh;
let site: Server;
let browser: Browser;
let tab: Tab;
beforeAll(async () => {
  requireProgram("chromium", CHROMIUM, "--version");
  [mesh, site, browser] = await Promise.all([
    startMesh(),
    serveSite(),
    chromium.launch({ executablePath: CHROMIUM, args: ROOT_FLAGS }),
  ]);
  tab = await browser.newPage();
  const { port } = site.address() as AddressInfo;
  await tab.goto(`http://localhost:${port}/?gateway=${encodeURIComponent(mesh.gatewayUrl)}`);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  site?.close();
  await mesh?.stop();
}, 60_000);

/** A front end of another origin than the gateway's, as a developer would bundle it. */
async function serveSite(): Promise<Server> {
  const entry = fileURLToPath(new URL("./browser-page.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: "iife" });
  const html = `<!doctype html><title>A front end</title><script>${outputFiles[0]?.text}</script>`;
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

describe.each(PROTOCOLS)("a page of another origin, over %s", (protocol) => {
  test("calls a service with its token", async () => {
    const courses = createClient(CourseService, mesh.transportAs(Role.ADMIN));
    const requestId = crypto.randomUUID();
    await courses.createCourse({ requestId, name: `Diving with ${protocol}`, sessionMinutes: 60 });

    const token = await mesh.tokenAs(Role.STUDENT);
    const names = await tab.evaluate(([of, token]) => window.page.listCourses(of, token), [protocol, token] as const);

    expect(names).toContain(`Diving with ${protocol}`);
  });

  test("reads why a call is refused", async () => {
    const token = await mesh.tokenAs(Role.ADMIN);
    const reason = await tab.evaluate(([of, token]) => window.page.missFranchise(of, token), [
      protocol,
      token,
    ] as const);
    expect(reason).toBe("FRANCHISE_NOT_FOUND");
  });
});

test("a page hears over each protocol's stream that the gateway stops, and the stream ends", async () => {
  for (const protocol of PROTOCOLS) {
    expect(await tab.evaluate((of) => window.page.watch(of), protocol)).toBe(ServingStatus.SERVING);
  }
  const rest = Promise.all(PROTOCOLS.map((protocol) => tab.evaluate((of) => window.page.watched(of), protocol)));

  await mesh.end("gateway");

  expect(await rest).toEqual([[ServingStatus.NOT_SERVING], [ServingStatus.NOT_SERVING]]);
});
