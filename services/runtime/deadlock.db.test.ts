import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sql } from "./database.ts";
import { errorBoundary } from "./error-boundary.ts";
import { type TestDatabase, testDatabase } from "./testing/database.ts";

type Request = Parameters<ReturnType<Interceptor>>[0];
type Response = Awaited<ReturnType<ReturnType<Interceptor>>>;

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase(new URL("./testing/migrations/", import.meta.url));
});
afterAll(() => t.close());

test("of two calls that wait for each other one is told to try again, which is reported, and the other goes through", async () => {
  const reported: unknown[] = [];
  const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const call = (first: 0 | 1) => {
    const second = first === 0 ? 1 : 0;
    const work = () =>
      t.all.transaction(async (tx) => {
        await tx.query(sql.unsafe`select pg_advisory_xact_lock(${first})`);
        held[first].resolve();
        await held[second].promise;
        await tx.query(sql.unsafe`select pg_advisory_xact_lock(${second})`);
        return {} as Response;
      });
    return errorBoundary((bug) => reported.push(bug))(work)({ signal: new AbortController().signal } as Request);
  };

  const outcomes = await Promise.allSettled([call(0), call(1)]);
  const failed = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(failed.map(({ reason }) => ConnectError.from(reason).code)).toEqual([Code.Unavailable]);
  expect(reported).toHaveLength(1);
});
