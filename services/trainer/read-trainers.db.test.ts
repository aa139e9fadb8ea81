import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Trainer, TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { COMPANY_OPERATOR_ID } from "./operator.ts";
import {
  COURSE_ID as courseId,
  givenFranchise,
  givenTrainer,
  refusalOf,
  startTrainerServer,
  type TrainerServer,
} from "./testing/trainer-server.ts";

let server: TrainerServer;
let franchiseA: string;
let franchiseB: string;
let trainersOfA: Trainer[];
let trainersOfB: Trainer[];

beforeAll(async () => {
  server = await startTrainerServer();
  franchiseA = await givenFranchise(server.as("admin"), "A");
  franchiseB = await givenFranchise(server.as("admin"), "B");
  const admin = server.as("admin");
  trainersOfA = [];
  while (trainersOfA.length < 250) {
    const some = Array.from({ length: 25 }, () => givenTrainer(admin, { franchiseId: franchiseA }));
    trainersOfA.push(...(await Promise.all(some)));
  }
  trainersOfB = await Promise.all(Array.from({ length: 10 }, () => givenTrainer(admin, { franchiseId: franchiseB })));
  for (const { trainerId } of [...trainersOfA.slice(0, 3), ...trainersOfB.slice(0, 2)]) {
    const grant = { requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01", untilDate: "2026-06-30" };
    await admin.trainers.grantQualification(grant);
  }
});

afterAll(() => server?.close());

test("500 ids are answered in their order by one statement, the repeated once, the missing by name", async () => {
  const { trainers } = server.as("service");
  const present = idsOf(trainersOfA).toReversed();
  const missing = Array.from({ length: 200 }, () => randomUUIDv7());
  const asked = [...present.slice(0, 100), ...missing, ...present.slice(100), ...present.slice(0, 50)];
  expect(asked).toHaveLength(500);

  const before = server.statements();
  const answer = await trainers.getTrainers({ trainerIds: asked });
  expect(server.statements() - before).toBe(1);
  expect(idsOf(answer.trainers)).toEqual(present);
  expect(answer.missingTrainerIds).toEqual(missing);
});

test("one id is read as 500 are", async () => {
  const [trainer] = trainersOfB.slice(-1);
  const before = server.statements();
  const answer = await server.as("service").trainers.getTrainers({ trainerIds: [trainer?.trainerId ?? ""] });
  expect(server.statements() - before).toBe(1);
  expect(answer.trainers).toEqual([trainer]);
});

test("an operator's bulk read finds its own; the others are missing", async () => {
  const [own, other] = [trainersOfB[0]?.trainerId ?? "", trainersOfA[0]?.trainerId ?? ""];
  const answer = await server.operator(franchiseB).trainers.getTrainers({ trainerIds: [other, own] });
  expect(idsOf(answer.trainers)).toEqual([own]);
  expect(answer.missingTrainerIds).toEqual([other]);
});

test.each([
  ["no id", [], "trainer_ids"],
  ["501 ids", Array.from({ length: 501 }, () => COMPANY_OPERATOR_ID), "trainer_ids[500]"],
  ["a malformed id", [COMPANY_OPERATOR_ID, "7"], "trainer_ids[1]"],
])("%s is refused", async (_, trainerIds, field) => {
  const refusal = await refusalOf(server.as("service").trainers.getTrainers({ trainerIds }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
});

test("pages of trainers, by id, leave out nothing and repeat nothing; each is one statement", async () => {
  const { trainers } = server.as("admin");
  const before = server.statements();
  const paged: string[] = [];
  let pages = 0;
  let pageToken = "";
  do {
    const page = await trainers.listTrainers({ pageSize: 100, pageToken });
    paged.push(...idsOf(page.trainers));
    pageToken = page.nextPageToken;
    pages += 1;
  } while (pageToken);
  expect(paged).toEqual(idsOf([...trainersOfA, ...trainersOfB]).toSorted());
  expect([pages, server.statements() - before]).toEqual([3, 3]);
});

test("a page holds 50 unless the request says otherwise, and a full last page is the last", async () => {
  const { trainers } = server.as("admin");
  expect((await trainers.listTrainers({})).trainers).toHaveLength(50);
  const last = await trainers.listTrainers({ operatorId: franchiseB, pageSize: 10 });
  expect([last.trainers.length, last.nextPageToken]).toEqual([10, ""]);
});

test("a list can be of one operator, and of those who hold a qualification for a course", async () => {
  const { trainers } = server.as("service");
  const ofB = await trainers.listTrainers({ operatorId: franchiseB, pageSize: 500 });
  expect(idsOf(ofB.trainers)).toEqual(idsOf(trainersOfB).toSorted());
  const teaching = await trainers.listTrainers({ courseId });
  expect(idsOf(teaching.trainers)).toEqual(idsOf([...trainersOfA.slice(0, 3), ...trainersOfB.slice(0, 2)]).toSorted());
  const both = await trainers.listTrainers({ courseId, operatorId: franchiseB });
  expect(idsOf(both.trainers)).toEqual(idsOf(trainersOfB.slice(0, 2)).toSorted());
});

test("an operator lists its own trainers, and may not ask for another's", async () => {
  const { trainers } = server.operator(franchiseB);
  const own = idsOf(trainersOfB).toSorted();
  expect(idsOf((await trainers.listTrainers({})).trainers)).toEqual(own);
  expect(idsOf((await trainers.listTrainers({ operatorId: franchiseB })).trainers)).toEqual(own);
  const refusal = await refusalOf(trainers.listTrainers({ operatorId: franchiseA }));
  expect(refusal).toEqual({ code: "PermissionDenied", reason: "OPERATOR_MISMATCH", fields: [] });
});

test("a search finds by one statement, and counts what each condition left", async () => {
  const { trainers } = server.operator(franchiseA);
  const point = { latitude: 50.0, longitude: 14.43 };
  const search = { courseId, operatorId: franchiseA, point, dates: ["2026-06-30", "2026-01-01"], maxResults: 2 };
  await trainers.searchTrainers(search);
  const before = server.statements();
  const answer = await trainers.searchTrainers(search);
  expect(server.statements() - before).toBe(1);
  expect(answer.matches.map(({ trainer }) => trainer?.trainerId)).toEqual(
    idsOf(trainersOfA.slice(0, 3)).toSorted().slice(0, 2),
  );
  const rest = { courseId, operatorId: franchiseA, point, dates: ["2026-06-30"], pageToken: answer.nextPageToken };
  expect(await trainers.searchTrainers(rest)).toMatchObject({
    matches: [{ trainer: { trainerId: idsOf(trainersOfA.slice(0, 3)).toSorted()[2] } }],
    funnel: { qualifiedOnEveryDate: 3, reachPoint: 1 },
    nextPageToken: "",
  });
  expect(answer.matches[0]?.trainer?.qualifications).toMatchObject([{ courseId, untilDate: "2026-06-30" }]);
  expect(answer.matches[0]?.distanceMeters).toBeCloseTo(8895.6, 1);
  expect(answer.funnel).toMatchObject({
    active: 260,
    teachCourse: 5,
    sameOperator: 3,
    qualifiedOnEveryDate: 3,
    reachPoint: 3,
  });
});

test("a search that nobody fits says where everybody was lost", async () => {
  const { trainers } = server.as("service");
  const search = { courseId, operatorId: franchiseA, point: { latitude: 50.0, longitude: 14.43 } };
  const late = await trainers.searchTrainers({ ...search, dates: ["2026-06-30", "2026-07-01"] });
  expect(late).toMatchObject({ matches: [], funnel: { sameOperator: 3, qualifiedOnEveryDate: 0, reachPoint: 0 } });
  const far = await trainers.searchTrainers({ ...search, point: { latitude: -50, longitude: 14.43 } });
  expect(far).toMatchObject({ matches: [], funnel: { qualifiedOnEveryDate: 3, reachPoint: 0 } });
  const unknown = await trainers.searchTrainers({ ...search, courseId: randomUUIDv7() });
  expect(unknown).toMatchObject({ matches: [], funnel: { active: 260, teachCourse: 0, sameOperator: 0 } });
});

test("a search for another operator, or for a date that is none, is refused", async () => {
  const search = { courseId, operatorId: franchiseA, point: { latitude: 0, longitude: 0 } };
  const foreign = await refusalOf(server.operator(franchiseB).trainers.searchTrainers(search));
  expect(foreign).toEqual({ code: "PermissionDenied", reason: "OPERATOR_MISMATCH", fields: [] });
  const unreal = server.as("service").trainers.searchTrainers({ ...search, dates: ["2026-06-30", "2026-06-31"] });
  expect(await refusalOf(unreal)).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["dates[1]"] });
});

test("a list can be of those with a status, and of those whose name contains a text in whatever case", async () => {
  const { trainers } = server.as("admin");
  const named = await Promise.all(
    ["Élodie Östberg", "élodie 100% Näs", "Elodie"].map((name) => givenTrainer(server.as("admin"), { name })),
  );
  const [first, second] = named;
  const suspension = { requestId: randomUUIDv7(), trainerId: first?.trainerId ?? "", etag: "1" };
  const updateMask = { paths: ["status"] };
  await trainers.updateTrainer({ ...suspension, updateMask, status: TrainerStatus.SUSPENDED });

  const listed = async (filter: Parameters<typeof trainers.listTrainers>[0]) =>
    idsOf((await trainers.listTrainers(filter)).trainers);
  expect(await listed({ name: "ÉLODIE" })).toEqual([first, second].map((trainer) => trainer?.trainerId).toSorted());
  expect(await listed({ name: "% n" })).toEqual([second?.trainerId]);
  expect(await listed({ name: "e_o" })).toEqual([]);
  expect(await listed({ statuses: [TrainerStatus.SUSPENDED, TrainerStatus.LEFT] })).toEqual([first?.trainerId]);
  expect(await listed({ name: "élodie", statuses: [TrainerStatus.ACTIVE] })).toEqual([second?.trainerId]);
  const refusal = await refusalOf(trainers.listTrainers({ statuses: [TrainerStatus.UNSPECIFIED] }));
  expect(refusal.fields).toEqual(["statuses[0]"]);
  expect((await refusalOf(trainers.listTrainers({ name: "a\0" }))).fields).toEqual(["name"]);
});

test("a masked read answers with what was asked for, and always with who it is, in which version", async () => {
  const { trainers } = server.as("service");
  const { trainerId, workingHours, name } = trainersOfA[0] ?? {};
  const read = { trainerIds: [trainerId ?? ""], readMask: { paths: ["working_hours", "name"] } };
  const before = server.statements();
  const [trainer] = (await trainers.getTrainers(read)).trainers;
  expect(server.statements() - before).toBe(1);
  const nothing = { operatorId: "", timeZone: "", qualifications: [], timeOff: [], etag: "", travelRadiusMeters: 0 };
  expect(trainer).toMatchObject({ trainerId, version: 2n, name, workingHours, ...nothing });
  expect(trainer?.base).toBeUndefined();

  const search = { courseId, operatorId: franchiseA, point: { latitude: 50.0, longitude: 14.43 } };
  const { matches } = await trainers.searchTrainers({ ...search, readMask: { paths: ["etag"] } });
  expect(matches[0]?.trainer).toMatchObject({ version: 2n, etag: "2", name: "", workingHours: [], qualifications: [] });
});

test.each([
  ["no field", [], "read_mask"],
  ["what is no field", ["name", "shoe_size"], "read_mask.paths[1]"],
  ["a part of a field", ["base.latitude"], "read_mask.paths[0]"],
])("a read mask with %s is refused", async (_, paths, field) => {
  const { trainers } = server.as("service");
  const refusal = { code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] };
  const readMask = { paths };
  expect(await refusalOf(trainers.getTrainers({ trainerIds: [COMPANY_OPERATOR_ID], readMask }))).toEqual(refusal);
  const search = { courseId, operatorId: franchiseA, point: { latitude: 50.0, longitude: 14.43 } };
  expect(await refusalOf(trainers.searchTrainers({ ...search, readMask }))).toEqual(refusal);
});

test("who has changed is read by one more statement, and found as it now is", async () => {
  const admin = server.as("admin");
  const franchiseId = await givenFranchise(admin, "C");
  const point = { latitude: 50.0, longitude: 14.43 };
  const made = [];
  for (const name of ["Ada", "Bob", "Cyd"]) {
    const { trainerId } = await givenTrainer(admin, { franchiseId, name });
    made.push(trainerId);
    await admin.trainers.grantQualification({ requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01" });
  }
  const search = { courseId, operatorId: franchiseId, point };
  const found = async () => {
    const before = server.statements();
    const { matches } = await admin.trainers.searchTrainers(search);
    const names = matches.map(({ trainer }) => `${trainer?.name} ${trainer?.version}`);
    return [server.statements() - before, ...names];
  };
  expect(await found()).toEqual([2, "Ada 2", "Bob 2", "Cyd 2"]);
  expect(await found()).toEqual([1, "Ada 2", "Bob 2", "Cyd 2"]);
  const change = { requestId: randomUUIDv7(), etag: "2", updateMask: { paths: ["name"] } };
  await admin.trainers.updateTrainer({ ...change, trainerId: made[1] ?? "", name: "Eve" });
  expect(await found()).toEqual([2, "Ada 2", "Eve 3", "Cyd 2"]);
});

function idsOf(trainers: readonly Trainer[]): string[] {
  return trainers.map(({ trainerId }) => trainerId);
}
