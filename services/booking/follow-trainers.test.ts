import { once } from "node:events";
import { createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { DomainError } from "../runtime/errors.ts";
import { startTestServer, type TestServer } from "../runtime/testing/server.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import { followTrainers } from "./follow-trainers.ts";

const ADA = { trainerId: "a0000000-0000-4000-8000-000000000001", operatorId: "c0000000-0000-4000-8000-000000000000" };
const logger = { info: () => undefined, warn: (_: object, text?: string) => warnings.push(text) };

let server: TestServer;
let stop: () => Promise<void>;
/** What each watch in turn does, given the position that it is asked for. */
let watches: ((position: string) => { position: string; changes?: (typeof ADA)[] }[])[];
let positions: string[];
let happened: string[];
let warnings: unknown[];

beforeEach(async () => {
  positions = [];
  happened = [];
  warnings = [];
  server = await startTestServer({
    services: [
      standIn(TrainerService, {
        async *watchTrainers({ position }, { signal }) {
          positions.push(position);
          const watch = watches.shift();
          if (watch) yield* watch(position);
          else await once(signal, "abort");
        },
      }),
    ],
  });
});
afterEach(async () => {
  await stop();
  await server.close();
});

/** Follows until as many things have happened. */
async function following(count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const note = (what: string): void => {
    happened.push(what);
    if (happened.length === count) resolve();
  };
  const client = createClient(TrainerService, server.transportAs(Role.SERVICE));
  const told = (changes: { trainerId: string }[], more: boolean): void =>
    note(`${changes.length} changes${more ? " and more" : ""}`);
  stop = followTrainers(client, { begun: () => note("begun"), told }, logger);
  await promise;
}

test("a watch that breaks off is taken up at the position where it was", async () => {
  watches = [
    () => [{ position: "7" }, { position: "8", changes: [ADA] }],
    (position) => [{ position }, { position: "9", changes: [ADA, ADA] }],
  ];
  await following(5);
  expect(happened).toEqual(["begun", "0 changes and more", "1 changes", "0 changes and more", "2 changes"]);
  expect(positions).toEqual(["", "8"]);
});

test("when the position is no longer kept, the watch begins anew", async () => {
  watches = [
    () => [{ position: "7" }],
    () => {
      throw new DomainError("precondition", "WATCH_POSITION_EXPIRED", "it is gone");
    },
    () => [{ position: "99" }],
  ];
  await following(4);
  expect(happened).toEqual(["begun", "0 changes and more", "begun", "0 changes and more"]);
  expect(positions.slice(0, 3)).toEqual(["", "7", ""]);
});

test("a watch that ends with its token is taken up without a word", async () => {
  watches = [
    () => {
      throw new DomainError("unauthenticated", "TOKEN_EXPIRED", "the token has expired");
    },
    () => [{ position: "7" }],
  ];
  await following(2);
  expect(warnings).toEqual([]);
});

test("after a full message there may be more to come", async () => {
  const full = Array.from({ length: 500 }, () => ADA);
  watches = [() => [{ position: "1" }, { position: "501", changes: full }, { position: "502", changes: [ADA] }]];
  await following(4);
  expect(happened).toEqual(["begun", "0 changes and more", "500 changes and more", "1 changes"]);
});
