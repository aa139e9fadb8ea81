import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type AdminServer, startAdminServer } from "./admin-server.ts";
import { needingAll } from "./readiness.ts";

let database = "ok";
let server: AdminServer;
beforeAll(async () => {
  server = await startAdminServer({
    host: "127.0.0.1",
    port: 0,
    ready: async () => needingAll({ database }),
    serveMetrics: (_, response) => response.end("a_metric 1\n"),
  });
});
afterAll(() => server.close());

async function get(path: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
  return [response.status, await response.text()];
}

test("a process lives, and is ready while what it depends on is", async () => {
  expect(await get("/health")).toEqual([200, '{"status":"ok"}\n']);
  expect(await get("/ready?verbose")).toEqual([200, '{"status":"ok","dependencies":{"database":"ok"}}\n']);
  database = "cannot be reached";
  expect(await get("/ready")).toEqual([
    503,
    '{"status":"not ready","dependencies":{"database":"cannot be reached"}}\n',
  ]);
  database = "degraded";
  expect(await get("/ready")).toEqual([200, '{"status":"degraded","dependencies":{"database":"degraded"}}\n']);
});

test("metrics have their place, and nothing else has one, however it is spelt", async () => {
  expect(await get("/metrics")).toEqual([200, "a_metric 1\n"]);
  for (const path of ["/", "//", "/metrics/", "/%"]) expect((await get(path))[0]).toBe(404);
});
