import { randomUUIDv7 } from "node:crypto";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Trainer } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { auditOf } from "./testing/audit.ts";
import {
  COURSE_ID as courseId,
  givenFranchise,
  givenTrainer,
  refusalOf,
  startTrainerServer,
  type TrainerServer,
} from "./testing/trainer-server.ts";

let server: TrainerServer;
let franchiseId: string;

beforeAll(async () => {
  server = await startTrainerServer();
  franchiseId = await givenFranchise(server.as("admin"), "A");
});

afterAll(() => server?.close());

test("an update changes what its mask names, and nothing else that it says", async () => {
  const { trainers } = server.operator(franchiseId);
  const before = await givenTrainer(server.operator(franchiseId), { franchiseId });
  const { trainer } = await trainers.updateTrainer({
    ...update(before, "name", "base", "buffer_minutes"),
    name: "Grace",
    base: { latitude: -17, longitude: 180 },
    bufferMinutes: 0,
    travelRadiusMeters: 1,
    timeZone: "Pacific/Fiji",
  });
  const changed = { name: "Grace", base: { latitude: -17, longitude: 180 }, bufferMinutes: 0 };
  expect(trainer).toEqual({ ...before, ...changed, base: trainer?.base, version: 2n, etag: "2" });
  expect(trainer?.base).toMatchObject(changed.base);
  expect((await trainers.getTrainer({ trainerId: before.trainerId })).trainer).toEqual(trainer);
});

test("every other field can be changed too", async () => {
  const { trainers } = server.as("admin");
  const before = await givenTrainer(server.as("admin"));
  const facts = { timeZone: "Pacific/Fiji", travelRadiusMeters: 7, dailySessionLimit: 1 };
  const { trainer } = await trainers.updateTrainer({
    ...update(before, "time_zone", "travel_radius_meters", "daily_session_limit"),
    ...facts,
    timeZone: "pacific/fiji",
  });
  expect(trainer).toEqual({ ...before, ...facts, version: 2n, etag: "2" });
});

test("a trainer is suspended, leaves and comes back; a search finds it only while it is active", async () => {
  const { trainers } = server.as("admin");
  let trainer = await givenTrainer(server.as("admin"), { franchiseId });
  const { trainerId } = trainer;
  await trainers.grantQualification({ requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01" });
  const found = async () => {
    const search = { courseId, operatorId: franchiseId, point: { latitude: 50.08, longitude: 14.43 } };
    return (await trainers.searchTrainers(search)).matches.some((match) => match.trainer?.trainerId === trainerId);
  };
  const { SUSPENDED, LEFT, ACTIVE } = TrainerStatus;
  const seen: unknown[] = [];
  for (const status of [SUSPENDED, LEFT, ACTIVE]) {
    trainer = (await trainers.getTrainer({ trainerId })).trainer ?? trainer;
    const answer = await trainers.updateTrainer({ ...update(trainer, "status"), status });
    seen.push([answer.trainer?.status, await found()]);
  }
  expect(seen).toEqual([
    [SUSPENDED, false],
    [LEFT, false],
    [ACTIVE, true],
  ]);
});

test("a change by somebody who has read another version is refused and changes nothing", async () => {
  const { trainers } = server.as("admin");
  const before = await givenTrainer(server.as("admin"));
  const mismatch = { code: "Aborted", reason: "ETAG_MISMATCH", fields: [] };
  const stale = { ...before, etag: "0" };
  expect(await refusalOf(trainers.updateTrainer({ ...update(stale, "name"), name: "Grace" }))).toEqual(mismatch);
  expect(await refusalOf(trainers.setWorkingHours({ ...change(stale), workingHours: [] }))).toEqual(mismatch);
  expect((await trainers.getTrainer({ trainerId: before.trainerId })).trainer).toEqual(before);
});

test("of two updates at once, both from the same version, one is refused", async () => {
  const { trainers } = server.as("admin");
  const before = await givenTrainer(server.as("admin"));
  const both = ["Ada", "Grace"].map((name) => trainers.updateTrainer({ ...update(before, "name"), name }));
  const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
  expect(outcomes.toSorted()).toEqual(["fulfilled", "rejected"]);
});

test.each([
  ["no field", [], {}, ["update_mask"]],
  ["a field that there is not", ["name", "shoe_size"], { name: "A" }, ["update_mask.paths[1]"]],
  ["a field that another call changes", ["working_hours"], {}, ["update_mask.paths[0]"]],
  [
    "fields without their values",
    ["name", "status", "time_zone", "base", "daily_session_limit"],
    {},
    ["name", "status", "time_zone", "base", "daily_session_limit"],
  ],
  [
    "fields out of range",
    ["buffer_minutes"],
    { bufferMinutes: 481, dailySessionLimit: 49 },
    ["buffer_minutes", "daily_session_limit"],
  ],
  ["a text that no database keeps", ["name"], { name: "Ada\0" }, ["name"]],
])("an update of %s is refused", async (_, paths, facts, fields) => {
  const before = await givenTrainer(server.as("admin"));
  const call = server.as("admin").trainers.updateTrainer({ ...update(before, ...paths), ...facts });
  expect(await refusalOf(call)).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields });
});

test("working hours are replaced as a whole, by none too", async () => {
  const { trainers } = server.operator(franchiseId);
  const before = await givenTrainer(server.operator(franchiseId), { franchiseId });
  const night = { dayOfWeek: 7, startTime: "22:00", endTime: "06:00" } as const;
  const morning = { dayOfWeek: 3, startTime: "06:00", endTime: "09:00" } as const;
  const set = await trainers.setWorkingHours({ ...change(before), workingHours: [night, morning] });
  expect(set.trainer).toMatchObject({ version: 2n, workingHours: [morning, night] });
  const none = await trainers.setWorkingHours({ ...change(set.trainer ?? before), workingHours: [] });
  expect(none.trainer).toMatchObject({ version: 3n, workingHours: [] });
});

test("working hours that overlap are refused", async () => {
  const before = await givenTrainer(server.as("admin"));
  const night = { dayOfWeek: 7, startTime: "22:00", endTime: "06:00" } as const;
  const monday = { dayOfWeek: 1, startTime: "05:59", endTime: "09:00" } as const;
  const call = server.as("admin").trainers.setWorkingHours({ ...change(before), workingHours: [night, monday] });
  expect((await refusalOf(call)).fields).toEqual(["working_hours[1].start_time"]);
});

test("a qualification is revoked once; a second time there is none", async () => {
  const { trainers } = server.operator(franchiseId);
  const { trainerId } = await givenTrainer(server.operator(franchiseId), { franchiseId });
  await trainers.grantQualification({ requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01" });
  const { trainer } = await trainers.revokeQualification({ requestId: randomUUIDv7(), trainerId, courseId });
  expect(trainer).toMatchObject({ version: 3n, qualifications: [] });
  const again = trainers.revokeQualification({ requestId: randomUUIDv7(), trainerId, courseId });
  expect(await refusalOf(again)).toEqual({ code: "NotFound", reason: "QUALIFICATION_NOT_FOUND", fields: [] });
  expect((await trainers.getTrainer({ trainerId })).trainer?.version).toBe(3n);
});

test("time off is listed by start, page by page and by period, and removed once", async () => {
  const { trainers } = server.operator(franchiseId);
  const { trainerId } = await givenTrainer(server.operator(franchiseId), { franchiseId });
  const days = ["2026-08-03", "2020-01-01", "2026-07-01", "2026-07-01", "2026-08-01"];
  for (const day of days) {
    const [startTime, endTime] = [timestamp(`${day}T00:00:00Z`), timestamp(`${day}T12:00:00Z`)];
    server.setTime(`${day}T00:00:00Z`);
    await trainers.addTimeOff({ requestId: randomUUIDv7(), trainerId, startTime, endTime, note: day });
  }
  server.setTime("2026-06-01T12:00:00Z");
  const notes = async (request: { endTimeAfter?: Timestamp; startTimeBefore?: Timestamp }) =>
    (await trainers.listTimeOff({ trainerId, ...request })).timeOff.map(({ note }) => note);
  expect(await notes({})).toEqual(days.toSorted());
  expect(
    await notes({
      endTimeAfter: timestamp("2026-07-01T12:00:00Z"),
      startTimeBefore: timestamp("2026-08-03T00:00:00Z"),
    }),
  ).toEqual(["2026-08-01"]);

  const paged = [];
  let pageToken = "";
  do {
    const page = await trainers.listTimeOff({ trainerId, pageSize: 2, pageToken });
    paged.push(...page.timeOff);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(paged.map(({ note }) => note)).toEqual(days.toSorted());
  expect(new Set(paged.map(({ timeOffId }) => timeOffId)).size).toBe(days.length);

  const timeOffId = paged.at(-1)?.timeOffId ?? "";
  const { trainer } = await trainers.removeTimeOff({ requestId: randomUUIDv7(), trainerId, timeOffId });
  expect(trainer?.version).toBe(7n);
  expect(await notes({})).toEqual(days.toSorted().slice(0, -1));
  const again = trainers.removeTimeOff({ requestId: randomUUIDv7(), trainerId, timeOffId });
  expect(await refusalOf(again)).toEqual({ code: "NotFound", reason: "TIME_OFF_NOT_FOUND", fields: [] });
});

test("a page token of another list is refused", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  for (const key of [{ startTime: "soon", timeOffId: trainerId }, trainerId]) {
    const pageToken = Buffer.from(JSON.stringify(key)).toString("base64url");
    const refusal = await refusalOf(server.as("admin").trainers.listTimeOff({ trainerId, pageToken }));
    expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["page_token"] });
  }
});

test("every change repeated gives the first answer, makes one version and one audit row", async () => {
  const { trainers } = server.as("admin");
  const before = await givenTrainer(server.as("admin"), { franchiseId });
  const { trainerId } = before;
  await trainers.grantQualification({ requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01" });
  const [startTime, endTime] = [timestamp("2026-07-01T00:00:00Z"), timestamp("2026-07-08T00:00:00Z")];
  const { timeOff } = await trainers.addTimeOff({ requestId: randomUUIDv7(), trainerId, startTime, endTime });
  const updated = { ...update({ ...before, etag: "3" }, "name"), name: "Grace" };
  const set = { ...change({ ...before, etag: "4" }), workingHours: [] };
  const revoked = { requestId: randomUUIDv7(), trainerId, courseId };
  const removed = { requestId: randomUUIDv7(), trainerId, timeOffId: timeOff?.timeOffId ?? "" };
  const calls = [
    () => trainers.updateTrainer(updated),
    () => trainers.setWorkingHours(set),
    () => trainers.revokeQualification(revoked),
    () => trainers.removeTimeOff(removed),
  ];
  for (const call of calls) expect(await call()).toEqual(await call());

  expect((await trainers.getTrainer({ trainerId })).trainer?.version).toBe(7n);
  expect((await auditOf(server.db, trainerId)).slice(3)).toEqual([
    { action: "UpdateTrainer", operatorId: franchiseId, requestId: updated.requestId },
    { action: "SetWorkingHours", operatorId: franchiseId, requestId: set.requestId },
    { action: "RevokeQualification", operatorId: franchiseId, requestId: revoked.requestId },
    { action: "RemoveTimeOff", operatorId: franchiseId, requestId: removed.requestId },
  ]);
});

test("another operator's trainer is not there to be changed, nor its time off to be read", async () => {
  const foreign = await givenTrainer(server.as("admin"));
  const { trainerId } = foreign;
  const { trainers } = server.operator(franchiseId);
  const calls = [
    trainers.updateTrainer({ ...update(foreign, "name"), name: "Grace" }),
    trainers.setWorkingHours({ ...change(foreign), workingHours: [] }),
    trainers.revokeQualification({ requestId: randomUUIDv7(), trainerId, courseId }),
    trainers.removeTimeOff({ requestId: randomUUIDv7(), trainerId, timeOffId: randomUUIDv7() }),
    trainers.listTimeOff({ trainerId }),
  ];
  for (const call of calls) {
    expect(await refusalOf(call)).toEqual({ code: "NotFound", reason: "TRAINER_NOT_FOUND", fields: [] });
  }
  expect((await server.as("admin").trainers.getTrainer({ trainerId })).trainer).toEqual(foreign);
});

function change({ trainerId, etag }: Pick<Trainer, "trainerId" | "etag">) {
  return { requestId: randomUUIDv7(), trainerId, etag };
}

function update(trainer: Pick<Trainer, "trainerId" | "etag">, ...paths: string[]) {
  return { ...change(trainer), updateMask: { paths } };
}

function timestamp(time: string): Timestamp {
  const seconds = BigInt(Temporal.Instant.from(time).epochMilliseconds / 1000);
  return { $typeName: "google.protobuf.Timestamp", seconds, nanos: 0 };
}
