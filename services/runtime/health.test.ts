import { setImmediate } from "node:timers/promises";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { beforeEach, expect, test } from "@jest/globals";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { createHealth } from "./health.ts";
import { needingAll, needingAny } from "./readiness.ts";

let states: Record<string, string>;
beforeEach(() => {
  states = { database: "ok", trainer: "ok" };
});

function start(askAgainMs = 0, needing = needingAll) {
  const services = new Map([
    ["a.A", null],
    ["b.B", "trainer"],
  ]);
  const dependencies = ["database", "trainer"];
  const health = createHealth({ services, dependencies, ready: async () => needing(states), askAgainMs });
  const transport = createRouterTransport(({ service }) => service(Health, health.binding.impl));
  return { health, client: createClient(Health, transport) };
}

test("says how a service, and the server as a whole, is doing, by what it stands on", async () => {
  const { client } = start();
  expect(await client.check({})).toMatchObject({ status: ServingStatus.SERVING });
  states.trainer = "degraded";
  expect(await client.check({})).toMatchObject({ status: ServingStatus.SERVING });
  states.database = "cannot be reached";
  expect(await client.check({ service: "a.A" })).toMatchObject({ status: ServingStatus.NOT_SERVING });
  expect(await client.list({})).toMatchObject({
    statuses: {
      "": { status: ServingStatus.NOT_SERVING },
      "a.A": { status: ServingStatus.NOT_SERVING },
      "b.B": { status: ServingStatus.SERVING },
      database: { status: ServingStatus.NOT_SERVING },
      trainer: { status: ServingStatus.NOT_SERVING },
    },
  });
});

test("says how each dependency is, by its name: a process that is degraded for want of one serves, and that one does not", async () => {
  const { client } = start();
  states.trainer = "degraded";
  const statuses = await Promise.all(["", "database", "trainer"].map((service) => client.check({ service })));
  expect(statuses).toMatchObject([
    { status: ServingStatus.SERVING },
    { status: ServingStatus.SERVING },
    { status: ServingStatus.NOT_SERVING },
  ]);
});

test("whoever can do a part of its work with each dependency serves until all are away", async () => {
  const { client } = start(0, needingAny);
  states.trainer = "cannot be reached";
  expect(await client.check({})).toMatchObject({ status: ServingStatus.SERVING });
  expect(await client.check({ service: "b.B" })).toMatchObject({ status: ServingStatus.NOT_SERVING });
  states.database = "does not serve";
  expect(await client.check({})).toMatchObject({ status: ServingStatus.NOT_SERVING });
});

test("however many ask, the dependencies are asked once in a while; a question that fails is no yes", async () => {
  let asked = 0;
  const ready = async () => {
    asked++;
    throw new Error("no idea");
  };
  const health = createHealth({ services: new Map(), ready, askAgainMs: 60_000 });
  const client = createClient(
    Health,
    createRouterTransport(({ service }) => service(Health, health.binding.impl)),
  );
  const answers = await Promise.all([client.check({}), client.check({}), client.check({})]);
  for (const answer of answers) expect(answer).toMatchObject({ status: ServingStatus.NOT_SERVING });
  expect(asked).toBe(1);
});

test("a check of a service that is not here is NOT_FOUND", async () => {
  const error = await start().client.check({ service: "c.C" }).catch(ConnectError.from);
  expect(error).toMatchObject({ code: Code.NotFound });
});

test("a watcher hears the status at once, then each change, and nothing twice", async () => {
  const { client } = start();
  const updates = client.watch({ service: "a.A" })[Symbol.asyncIterator]();

  expect((await updates.next()).value).toMatchObject({ status: ServingStatus.SERVING });
  const next = updates.next();
  states.database = "cannot be reached";
  expect((await next).value).toMatchObject({ status: ServingStatus.NOT_SERVING });
  states.database = "ok";
  expect((await updates.next()).value).toMatchObject({ status: ServingStatus.SERVING });
  await updates.return?.();
});

test("a watcher of a service that is not here is told so", async () => {
  const updates = start().client.watch({ service: "c.C" })[Symbol.asyncIterator]();
  expect((await updates.next()).value).toMatchObject({ status: ServingStatus.SERVICE_UNKNOWN });
  await updates.return?.();
});

test("a server that closes says so to its watchers and ends their calls", async () => {
  const { health, client } = start(60_000);
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
