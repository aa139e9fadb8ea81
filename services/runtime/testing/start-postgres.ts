import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { type EmbeddedPostgres, startPostgres } from "../embedded-postgres.ts";
import { onTestsEnd } from "./stop-postgres.ts";

const SETTINGS = { fsync: "off", full_page_writes: "off", synchronous_commit: "off", max_connections: "200" };

/**
 * Jest's set-up: one Postgres for the whole run, started when the first test asks for it, so that a run of pure tests
 * does not wait for it. The tests, in processes of their own, ask at the address in the environment.
 */
// biome-ignore lint/style/noDefaultExport: what Jest calls
export default async function setUp(): Promise<void> {
  let starting: Promise<EmbeddedPostgres> | undefined;
  const directory = await mkdtemp(join(tmpdir(), "cadre-tests-"));

  const desk = createServer((_, response) => {
    // A kept connection could be closed here at the moment in which a test asks over it again.
    response.setHeader("connection", "close");
    starting ??= startPostgres({ directory: join(directory, "data"), port: 0, password: "test", settings: SETTINGS });
    starting.then(
      ({ url }) => response.end(url),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await once(desk.listen(0, "127.0.0.1"), "listening");
  env.CADRE_TEST_POSTGRES = `http://127.0.0.1:${(desk.address() as AddressInfo).port}`;

  onTestsEnd(async () => {
    desk.close();
    desk.closeAllConnections();
    const postgres = await starting?.catch(() => undefined);
    await postgres?.stop();
    await rm(directory, { recursive: true });
  });
}
