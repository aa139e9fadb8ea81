import { randomUUIDv7 } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { WatchTrainersResponse } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { sql, type Transaction } from "../runtime/database.ts";
import { createChangePoll } from "./change-poll.ts";
import { forgetChanges, placeChanges } from "./change-queries.ts";
import { counted } from "./testing/counted.ts";
import {
  COURSE_ID as courseId,
  givenTrainer,
  refusalOf,
  startTrainerServer,
  type TrainerServer,
} from "./testing/trainer-server.ts";
import { writePosition } from "./watch-position.ts";
import { watchTrainers } from "./watch-trainers.ts";

const never = new AbortController().signal;
let server: TrainerServer;

beforeAll(async () => {
  server = await startTrainerServer();
});

afterAll(() => server?.close());

test("a watch tells its position first, then every change with its version", async () => {
  const before = await givenTrainer(server.as("admin"));
  await using watch = await watching("");
  expect(watch.first.changes).toEqual([]);

  const { trainerId, operatorId } = await givenTrainer(server.as("admin"));
  await granted(before.trainerId);
  const changeTime = { seconds: 1780315200n, nanos: 0 };
  expect(await watch.changes(2)).toMatchObject([
    { trainerId, operatorId, version: 1n, changeTime },
    { trainerId: before.trainerId, version: 2n, changeTime },
  ]);
});

test("a watch goes on at its position after a restart of the server, without a gap or a repetition", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const first = await watching("");
  await granted(trainerId);
  expect(versions(await first.changes(1))).toEqual([2n]);
  const position = first.position();
  await first[Symbol.asyncDispose]();

  await granted(trainerId);
  await server.restart();
  await granted(trainerId);
  await using second = await watching(position);
  expect(second.first).toMatchObject({ position, changes: [] });
  expect(versions(await second.changes(2))).toEqual([3n, 4n]);
});

test("a change that began before another and commits after it is told after it, to who watches and who comes back", async () => {
  const [late, early] = [await givenTrainer(server.as("admin")), await givenTrainer(server.as("admin"))];
  await using watch = await watching("");
  const written = Promise.withResolvers<void>();
  const commit = Promise.withResolvers<void>();
  const lateChange = server.db.transaction(async (tx) => {
    await changed(tx, late.trainerId);
    written.resolve();
    await commit.promise;
  });
  await written.promise;

  await granted(early.trainerId);
  expect(await watch.changes(1)).toMatchObject([{ trainerId: early.trainerId }]);
  const position = watch.position();
  commit.resolve();
  await lateChange;
  expect(await watch.changes(1)).toMatchObject([{ trainerId: late.trainerId, version: 2n }]);
  await using back = await watching(position);
  expect(await back.changes(1)).toMatchObject([{ trainerId: late.trainerId, version: 2n }]);
});

test("a change that is rolled back is not told, and leaves no gap", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  await using watch = await watching("");
  const failing = server.db.transaction(async (tx) => {
    await changed(tx, trainerId);
    throw new Error("on purpose");
  });
  await expect(failing).rejects.toThrow("on purpose");
  await granted(trainerId);
  expect(await watch.changes(1)).toMatchObject([{ trainerId, version: 2n }]);
});

test("writers that overlap lose nothing to a reader that keeps leaving and coming back", async () => {
  const trainers = await Promise.all(Array.from({ length: 6 }, () => givenTrainer(server.as("admin"))));
  let position = (await placedPosition()).text;
  const seen = new Map(trainers.map(({ trainerId }) => [trainerId, [] as bigint[]]));
  const writing = Promise.all(
    trainers.flatMap(({ trainerId }, writer) =>
      [0, 1].map(async () => {
        for (let change = 0; change < 10; change++) {
          await server.db.transaction(async (tx) => {
            await changed(tx, trainerId);
            await tx.query(sql.unsafe`select pg_sleep(${((writer * 7 + change * 3) % 10) / 200})`);
          });
        }
      }),
    ),
  );
  for (let told = 0; told < 120; ) {
    await using watch = await watching(position);
    const changes = await watch.changes(1);
    for (const { trainerId, version } of changes) seen.get(trainerId)?.push(version);
    told += changes.length;
    position = watch.position();
  }
  await writing;
  const everyVersion = Array.from({ length: 20 }, (_, index) => BigInt(index + 2));
  for (const { trainerId } of trainers) expect(seen.get(trainerId)).toEqual(everyVersion);
});

test("a watch that has nothing to tell says so, at the same position", async () => {
  await using watch = await watching("");
  const { value } = await watch.messages.next();
  expect(value).toMatchObject({ position: watch.first.position, changes: [] });
});

test("what was missed comes in pages of 500, each read when the one before was taken", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const { text } = await placedPosition();
  await manyChanges(trainerId, 1_700);
  const { db, statements } = counted(server.db);
  const poll = createChangePoll(db, never);
  const watch = watchTrainers({ db, poll, stopping: never }, text, never);
  const sizes: unknown[] = [];
  for (const expected of [2, 2, 3, 4]) {
    const { value } = await watch.next();
    sizes.push(value?.changes?.length);
    expect(statements()).toBe(expected);
  }
  expect(sizes).toEqual([0, 500, 500, 500]);
  expect((await watch.next()).value?.changes).toHaveLength(200);
  await watch.return(undefined);
});

test("twenty thousand changes at once reach a reader in order", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  await using watch = await watching("");
  await manyChanges(trainerId, 20_000);
  const told = versions(await watch.changes(20_000));
  expect(told).toEqual(Array.from({ length: 20_000 }, (_, index) => BigInt(index + 100)));
});

test("all watches of a process wait for one statement", async () => {
  const { db, statements } = counted(server.db);
  const poll = createChangePoll(db, never);
  const ends = await Promise.all(Array.from({ length: 50 }, () => poll.next()));
  expect(new Set(ends).size).toBe(1);
  expect(statements()).toBe(1);
});

test("a position whose changes are forgotten is refused, the oldest that is kept is not", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const old = await placedPosition();
  await granted(trainerId);
  const kept = await placedPosition();
  await granted(trainerId);
  await placeChanges(server.db, { patient: true });
  await server.db.query(sql.unsafe`
    update trainer_change set placed_at = now() - interval '8 days' where position <= ${kept.position}
  `);
  await forgetChanges(server.db, 7 * 24);

  const expired = { code: "FailedPrecondition", reason: "WATCH_POSITION_EXPIRED", fields: [] };
  expect(await refusalOf(watching(old.text))).toEqual(expired);
  await using watch = await watching(kept.text);
  expect(versions(await watch.changes(1))).toEqual([3n]);
});

test("a position of another database, or after the last change, is refused as one that is not kept", async () => {
  const { logId, position } = await placedPosition();
  const expired = { code: "FailedPrecondition", reason: "WATCH_POSITION_EXPIRED", fields: [] };
  expect(await refusalOf(watching(writePosition({ logId: randomUUIDv7(), position })))).toEqual(expired);
  expect(await refusalOf(watching(writePosition({ logId, position: position + 1 })))).toEqual(expired);
});

test.each(["0", "{}", "WyJhIiwxXQ"])("%s is no position", async (position) => {
  const refusal = await refusalOf(watching(position));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["position"] });
});

test("only admins and services watch", async () => {
  const { trainers } = server.operator(randomUUIDv7());
  const refusal = await refusalOf(Array.fromAsync(trainers.watchTrainers({})));
  expect(refusal.reason).toBe("ROLE_NOT_ALLOWED");
});

test("a watch ends without an error when the server stops", async () => {
  await using watch = await watching("");
  const [rest] = await Promise.all([Array.fromAsync(watch.messages), server.restart()]);
  expect(rest.flatMap(({ changes }) => changes)).toEqual([]);
});

async function watching(position: string) {
  const leave = new AbortController();
  const stream = server.as("service").trainers.watchTrainers({ position }, { signal: leave.signal });
  const messages = stream[Symbol.asyncIterator]() as AsyncGenerator<WatchTrainersResponse>;
  const next = async () => {
    const { value, done } = await messages.next();
    if (done) throw new Error("the watch has ended");
    return value;
  };
  const first = await next();
  let { position: at } = first;
  return {
    first,
    messages,
    position: () => at,
    async changes(count: number) {
      const told: WatchTrainersResponse["changes"] = [];
      while (told.length < count) {
        const message = await next();
        at = message.position;
        told.push(...message.changes);
      }
      return told;
    },
    async [Symbol.asyncDispose]() {
      leave.abort();
      await messages.next().catch((error) => expect(ConnectError.from(error).code).toBe(Code.Canceled));
    },
  };
}

async function placedPosition() {
  const at = await placeChanges(server.db, { patient: true });
  return { ...at, text: writePosition(at) };
}

function granted(trainerId: string) {
  const grant = { requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01" };
  return server.as("admin").trainers.grantQualification(grant);
}

/** A change of a trainer as every operation makes it, in a transaction that the test holds. */
async function changed(tx: Transaction, trainerId: string): Promise<void> {
  await tx.query(sql.unsafe`update trainer set version = version + 1 where trainer_id = ${trainerId}`);
  await tx.query(sql.unsafe`
    insert into trainer_history (operator_id, trainer_id, version, snapshot, changed_at)
    select operator_id, trainer_id, version, '{}', now() from trainer where trainer_id = ${trainerId}
  `);
}

/** Versions from 100. */
async function manyChanges(trainerId: string, count: number): Promise<void> {
  await server.db.query(sql.unsafe`
    insert into trainer_history (operator_id, trainer_id, version, snapshot, changed_at)
    select operator_id, trainer_id, n, '{}', now()
    from trainer, generate_series(100, 99 + ${count}) n where trainer_id = ${trainerId}
  `);
}

function versions(changes: readonly { version: bigint }[]): bigint[] {
  return changes.map(({ version }) => version);
}
