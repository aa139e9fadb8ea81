import { randomUUIDv7 } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { GetTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { sql } from "../runtime/database.ts";
import { placeChanges } from "./change-queries.ts";
import { createEncodedTrainers } from "./encoded-trainers.ts";
import { bumpVersion, recordVersion } from "./queries.ts";
import { counted } from "./testing/counted.ts";
import { COURSE_ID, givenTrainer, startTrainerServer, type TrainerServer } from "./testing/trainer-server.ts";
import { trainerNews } from "./trainer-news.ts";

const noon = Temporal.Instant.from("2026-06-01T12:00:00Z");
const everybody = { of: "everybody" } as const;
let server: TrainerServer;

beforeAll(async () => {
  server = await startTrainerServer();
});

afterAll(() => server?.close());

/** Another replica's view: a cache of its own on the same database. */
function replica() {
  const { db, statements } = counted(server.db);
  const encoded = createEncodedTrainers(db);
  const versions = async (...ids: string[]) => {
    const answer = toBinary(GetTrainersResponseSchema, await encoded.read(ids, everybody, noon));
    return fromBinary(GetTrainersResponseSchema, answer).trainers.map(({ version }) => Number(version));
  };
  return { versions, statements };
}

async function changed(trainerId: string): Promise<void> {
  const grant = { requestId: randomUUIDv7(), trainerId, courseId: COURSE_ID, fromDate: "2026-01-01" };
  await server.as("admin").trainers.grantQualification(grant);
}

test("a read of kept trainers is one statement, and sees what any replica has committed before it", async () => {
  const one = await givenTrainer(server.as("admin"));
  const other = await givenTrainer(server.as("admin"));
  const { versions, statements } = replica();
  expect(await versions(one.trainerId, other.trainerId)).toEqual([1, 1]);
  expect(await versions(one.trainerId, other.trainerId)).toEqual([1, 1]);
  const before = statements();
  expect(await versions(one.trainerId, other.trainerId)).toEqual([1, 1]);
  expect(statements() - before).toBe(1);
  for (const place of [false, true, false]) {
    await changed(one.trainerId);
    if (place) await placeChanges(server.db, { patient: true });
    const [version = 0] = await versions(one.trainerId, other.trainerId);
    expect(version).toBe(await versionOf(one.trainerId));
  }
});

test("reads at once share the question for news; one that begins later asks again", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const { versions, statements } = replica();
  await versions(trainerId);
  await versions(trainerId);
  const before = statements();
  await Promise.all(Array.from({ length: 20 }, () => versions(trainerId)));
  expect(statements() - before).toBe(1);
});

test("who asks while the last question is young waits for the next one, with all who come until then", async () => {
  const { db, statements } = counted(server.db);
  const news = trainerNews(db, { everyMs: 500 });
  await news.catchUp();
  await news.catchUp();
  const before = statements();
  const asked = [];
  for (let turn = 0; turn < 5; turn += 1) {
    asked.push(news.catchUp());
    await setImmediate();
  }
  await Promise.all(asked);
  expect(statements() - before).toBe(1);
});

test("a change that commits late, after others were told, is seen by the next read", async () => {
  const [early, late] = [await givenTrainer(server.as("admin")), await givenTrainer(server.as("admin"))];
  const { versions } = replica();
  await versions(early.trainerId, late.trainerId);
  await versions(early.trainerId, late.trainerId);
  const written = Promise.withResolvers<void>();
  const commit = Promise.withResolvers<void>();
  const committed = server.db.transaction(async (tx) => {
    const key = await bumpVersion(tx, late.trainerId, everybody);
    if (key) await recordVersion(tx, key, noon);
    written.resolve();
    await commit.promise;
  });
  await written.promise;
  await changed(early.trainerId);
  await placeChanges(server.db, { patient: true });
  expect(await versions(early.trainerId, late.trainerId)).toEqual([2, 1]);
  commit.resolve();
  await committed;
  expect(await versions(early.trainerId, late.trainerId)).toEqual([2, 2]);
});

test("what is read while a change commits is not believed afterwards", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const news = trainerNews(server.db);
  await news.catchUp();
  const stamp = news.stamp();
  expect(news.holds(trainerId, stamp)).toBe(true);
  await changed(trainerId);
  await news.catchUp();
  expect(news.holds(trainerId, stamp)).toBe(false);
  expect(news.holds(trainerId, news.stamp())).toBe(true);
});

test("a change without a position is told again and again, and counts once", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const news = trainerNews(server.db);
  await changed(trainerId);
  await news.catchUp();
  const stamp = news.stamp();
  await news.catchUp();
  expect(news.holds(trainerId, stamp)).toBe(true);
});

test.each([
  ["more has changed than is asked for", (trainerId: string) => repeated(3, () => changed(trainerId))],
  [
    "the log has forgotten what comes next",
    async (trainerId: string) => {
      await repeated(2, () => changed(trainerId));
      await placeChanges(server.db, { patient: true });
      await server.db.query(sql.unsafe`
        delete from trainer_change where position < (select max(position) from trainer_change)
      `);
    },
  ],
  [
    "the log is another one",
    () => server.db.query(sql.unsafe`update trainer_change_log set log_id = gen_random_uuid()`),
  ],
])("nothing is believed any more when %s", async (_, happens) => {
  const [one, other] = [await givenTrainer(server.as("admin")), await givenTrainer(server.as("admin"))];
  await placeChanges(server.db, { patient: true });
  const news = trainerNews(server.db, { mostChanges: 2 });
  await news.catchUp();
  await news.catchUp();
  const stamp = news.stamp();
  await news.catchUp();
  expect(news.holds(other.trainerId, stamp)).toBe(true);
  await happens(one.trainerId);
  await news.catchUp();
  expect(news.holds(other.trainerId, stamp)).toBe(false);
});

async function repeated(times: number, work: () => Promise<void>): Promise<void> {
  for (let time = 0; time < times; time += 1) await work();
}

async function versionOf(trainerId: string): Promise<number> {
  const { trainer } = await server.as("admin").trainers.getTrainer({ trainerId });
  return Number(trainer?.version);
}
