import { randomUUIDv7 } from "node:crypto";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TrainerSchema } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { GetTrainersResponseSchema } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { createEncodedTrainers } from "./encoded-trainers.ts";
import { counted } from "./testing/counted.ts";
import {
  COURSE_ID,
  givenFranchise,
  givenTrainer,
  startTrainerServer,
  type TrainerServer,
} from "./testing/trainer-server.ts";

const noon = Temporal.Instant.from("2026-06-01T12:00:00Z");
const everybody = { of: "everybody" } as const;
let server: TrainerServer;
let franchiseId: string;

beforeAll(async () => {
  server = await startTrainerServer();
  franchiseId = await givenFranchise(server.as("admin"), "A");
});

afterAll(() => server?.close());

test("kept bytes are byte for byte what encoding gives; once the news are followed, in one statement a read", async () => {
  const admin = server.as("admin");
  const trainers = [await givenTrainer(admin), await givenTrainer(admin, { franchiseId, name: "Žofie" })];
  const ids = trainers.map(({ trainerId }) => trainerId);
  const { db, statements } = counted(server.db);
  const encoded = createEncodedTrainers(db);

  const readMask = { paths: TrainerSchema.fields.map(({ name }) => name) };
  const plain = toBinary(GetTrainersResponseSchema, await admin.trainers.getTrainers({ trainerIds: ids, readMask }));
  expect(toBinary(GetTrainersResponseSchema, await admin.trainers.getTrainers({ trainerIds: ids }))).toEqual(plain);
  // The second read begins to follow the news.
  for (const soFar of [1, 4, 5, 6]) {
    const answer = await encoded.read(ids, everybody, noon);
    expect(toBinary(GetTrainersResponseSchema, answer)).toEqual(plain);
    expect(statements()).toBe(soFar);
  }
});

test("what is kept is answered in the order asked, once however often and in whatever case it was asked for", async () => {
  const admin = server.as("admin");
  const [one, other] = [await givenTrainer(admin), await givenTrainer(admin)];
  const asked = [other.trainerId.toUpperCase(), one.trainerId, other.trainerId, one.trainerId.toUpperCase()];
  const encoded = createEncodedTrainers(server.db);
  for (let reads = 0; reads < 4; reads += 1) {
    const answers = await Promise.all([encoded.read(asked, everybody, noon), encoded.read(asked, everybody, noon)]);
    for (const answer of answers) {
      const bytes = toBinary(GetTrainersResponseSchema, answer);
      expect(fromBinary(GetTrainersResponseSchema, bytes).trainers).toEqual([other, one]);
    }
  }
});

test("reads that come together share a statement, each with what its caller may see", async () => {
  const admin = server.as("admin");
  const [ours, theirs] = [await givenTrainer(admin, { franchiseId }), await givenTrainer(admin)];
  const ids = [ours.trainerId, theirs.trainerId];
  const { db, statements } = counted(server.db);
  const encoded = createEncodedTrainers(db);
  const operator = { of: "operator", operatorId: franchiseId } as const;
  const answers = await Promise.all([
    encoded.read(ids, everybody, noon),
    encoded.read(ids.slice(1), everybody, noon),
    encoded.read(ids, operator, noon),
  ]);
  expect(statements()).toBe(2);
  expect(answers.map(({ missingTrainerIds }) => missingTrainerIds)).toEqual([[], [], [theirs.trainerId]]);
});

test("a change is in the next answer", async () => {
  const { trainers } = server.as("admin");
  const { trainerId } = await givenTrainer(server.as("admin"));
  await trainers.getTrainers({ trainerIds: [trainerId] });
  await trainers.grantQualification({
    requestId: randomUUIDv7(),
    trainerId,
    courseId: COURSE_ID,
    fromDate: "2026-01-01",
  });
  const [trainer] = (await trainers.getTrainers({ trainerIds: [trainerId] })).trainers;
  expect(trainer).toMatchObject({ version: 2n, qualifications: [{ courseId: COURSE_ID }] });
});

test("what is kept is shown to nobody who may not see it", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  await server.as("admin").trainers.getTrainers({ trainerIds: [trainerId] });
  const answer = await server.operator(franchiseId).trainers.getTrainers({ trainerIds: [trainerId] });
  expect(answer).toMatchObject({ trainers: [], missingTrainerIds: [trainerId] });
});

test("time off that has long ended leaves the answer, and is back for who asks as of before", async () => {
  const { trainers } = server.as("admin");
  const { trainerId } = await givenTrainer(server.as("admin"));
  const seconds = BigInt(noon.epochMilliseconds / 1000);
  const times = { startTime: { seconds: seconds + 3600n }, endTime: { seconds: seconds + 7200n } };
  await trainers.addTimeOff({ requestId: randomUUIDv7(), trainerId, ...times });
  const encoded = createEncodedTrainers(server.db);
  const timeOffAt = async (hours: number) => {
    const answer = await encoded.read([trainerId], everybody, noon.add({ hours }));
    return fromBinary(GetTrainersResponseSchema, toBinary(GetTrainersResponseSchema, answer)).trainers[0]?.timeOff
      .length;
  };
  expect(await timeOffAt(0)).toBe(1);
  expect(await timeOffAt(25)).toBe(1);
  expect(await timeOffAt(26)).toBe(0);
  expect(await timeOffAt(25)).toBe(1);
});

test("more trainers than are kept are answered all the same", async () => {
  const admin = server.as("admin");
  const made = [await givenTrainer(admin), await givenTrainer(admin), await givenTrainer(admin)];
  const ids = made.map(({ trainerId }) => trainerId);
  const encoded = createEncodedTrainers(server.db, 700);
  for (let reads = 0; reads < 2; reads += 1) {
    const answer = toBinary(GetTrainersResponseSchema, await encoded.read(ids, everybody, noon));
    expect(fromBinary(GetTrainersResponseSchema, answer).trainers).toEqual(made);
  }
});
