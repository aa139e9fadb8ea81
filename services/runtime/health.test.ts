import { setImmediate } from "node:timers/promises";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { createHealth } from "./health.ts";

function start() {
  const health = createHealth(["a.A", "b.B"]);
  const transport = createRouterTransport(({ service }) => service(Health, health.binding.impl));
  return { health, client: createClient(Health, transport) };
}

test("says how a service, and the server as a whole, is doing", async () => {
  const { health, client } = start();
  health.set("b.B", ServingStatus.NOT_SERVING);

  expect(await client.check({})).toMatchObject({ status: ServingStatus.SERVING });
  expect(await client.check({ service: "b.B" })).toMatchObject({ status: ServingStatus.NOT_SERVING });
  expect(await client.list({})).toMatchObject({
    statuses: {
      "": { status: ServingStatus.SERVING },
      "a.A": { status: ServingStatus.SERVING },
      "b.B": { status: ServingStatus.NOT_SERVING },
    },
  });
});

test("a check of a service that is not here is NOT_FOUND", async () => {
  const error = await start().client.check({ service: "c.C" }).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.NotFound });
});

test("a watcher hears the status at once, then each change, and nothing twice", async () => {
  const { health, client } = start();
  const updates = client.watch({ service: "a.A" })[Symbol.asyncIterator]();

  expect((await updates.next()).value).toMatchObject({ status: ServingStatus.SERVING });
  const next = updates.next();
  health.set("b.B", ServingStatus.NOT_SERVING);
  health.set("a.A", ServingStatus.SERVING);
  health.setAll(ServingStatus.NOT_SERVING);
  expect((await next).value).toMatchObject({ status: ServingStatus.NOT_SERVING });
});

test("a watcher of a service that is not here yet is told so, and told when it comes", async () => {
  const { health, client } = start();
  const updates = client.watch({ service: "c.C" })[Symbol.asyncIterator]();

  expect((await updates.next()).value).toMatchObject({ status: ServingStatus.SERVICE_UNKNOWN });
  const next = updates.next();
  health.set("c.C", ServingStatus.SERVING);
  expect((await next).value).toMatchObject({ status: ServingStatus.SERVING });
});

test("a server that closes says so to its watchers and ends their calls", async () => {
  const { health, client } = start();
  const updates = client.watch({ service: "a.A" })[Symbol.asyncIterator]();
  await updates.next();

  health.close();

  expect((await updates.next()).value).toMatchObject({ status: ServingStatus.NOT_SERVING });
  expect(await updates.next()).toMatchObject({ done: true });
});

test("watchers that leave are forgotten", async () => {
  const { health, client } = start();
  const leaving = new AbortController();
  const watching = Array.from({ length: 20 }, () =>
    client.watch({ service: "a.A" }, { signal: leaving.signal })[Symbol.asyncIterator](),
  );
  await Promise.all(watching.map((updates) => updates.next()));
  const ends = watching.map((updates) => updates.next().catch(ConnectError.from));
  await setImmediate();
  expect(health.watchers()).toBe(20);

  leaving.abort();

  for (const end of await Promise.all(ends)) expect(end).toMatchObject({ code: Code.Canceled });
  expect(health.watchers()).toBe(0);
});
