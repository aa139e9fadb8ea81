import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import { TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import { sql } from "../runtime/database.ts";
import { COMPANY_OPERATOR_ID } from "./operator.ts";
import { auditOf } from "./testing/audit.ts";
import {
  COURSE_ID as courseId,
  givenFranchise,
  givenTrainer,
  newTrainer,
  refusalOf,
  startTrainerServer,
  type TrainerServer,
} from "./testing/trainer-server.ts";

let server: TrainerServer;
let franchiseA: string;
let franchiseB: string;

beforeAll(async () => {
  server = await startTrainerServer();
  franchiseA = await givenFranchise(server.as("admin"), "A");
  franchiseB = await givenFranchise(server.as("admin"), "B");
});

afterAll(() => server?.close());

test("a trainer that was added is active and can be read, with its hours in order", async () => {
  const { trainers } = server.operator(franchiseA);
  const workingHours = [
    { dayOfWeek: 2, startTime: "22:00", endTime: "24:00" },
    { dayOfWeek: 1, startTime: "13:00", endTime: "17:30" },
    { dayOfWeek: 1, startTime: "08:00", endTime: "12:00" },
  ] as const;
  const { trainer } = await trainers.createTrainer({
    ...newTrainer({ franchiseId: franchiseA, name: "Blanka Šťastná" }),
    timeZone: "europe/prague",
    workingHours: [...workingHours],
  });
  expect(trainer).toMatchObject({
    operatorId: franchiseA,
    franchiseId: franchiseA,
    name: "Blanka Šťastná",
    status: TrainerStatus.ACTIVE,
    timeZone: "Europe/Prague",
    base: { latitude: 50.08, longitude: 14.43 },
    travelRadiusMeters: 30_000,
    bufferMinutes: 15,
    dailySessionLimit: 6,
    workingHours: [workingHours[2], workingHours[1], workingHours[0]],
    qualifications: [],
    timeOff: [],
    version: 1n,
    etag: "1",
    createTime: { seconds: 1780315200n, nanos: 0 },
  });
  expect((await trainers.getTrainer({ trainerId: trainer?.trainerId ?? "" })).trainer).toEqual(trainer);
});

test("a trainer without a franchise is the company's", async () => {
  const trainer = await givenTrainer(server.as("admin"));
  expect(trainer.operatorId).toBe(COMPANY_OPERATOR_ID);
  expect(trainer.franchiseId).toBeUndefined();
  const { trainers } = server.operator(COMPANY_OPERATOR_ID);
  expect((await trainers.getTrainer({ trainerId: trainer.trainerId })).trainer).toEqual(trainer);
});

test("a franchise that does not exist employs nobody", async () => {
  const { trainers } = server.as("admin");
  const request = newTrainer({ franchiseId: randomUUIDv7() });
  const refusal = { code: "NotFound", reason: "FRANCHISE_NOT_FOUND", fields: [] };
  expect(await refusalOf(trainers.createTrainer(request))).toEqual(refusal);
  expect(await refusalOf(trainers.createTrainer(request))).toEqual(refusal);
});

test("an operator adds trainers to itself alone", async () => {
  const { trainers } = server.operator(franchiseA);
  const refusal = { code: "PermissionDenied", reason: "OPERATOR_MISMATCH", fields: [] };
  expect(await refusalOf(trainers.createTrainer(newTrainer({ franchiseId: franchiseB })))).toEqual(refusal);
  expect(await refusalOf(trainers.createTrainer(newTrainer()))).toEqual(refusal);
});

test("every bad field is named", async () => {
  const { trainers } = server.as("admin");
  const hours = { dayOfWeek: 1, startTime: "09:00", endTime: "17:00" } as const;
  const rules = trainers.createTrainer({
    ...newTrainer(),
    name: "Ada\u202E",
    timeZone: "Europe/Atlantis",
    workingHours: [hours, { ...hours, dayOfWeek: 2 }, { ...hours, dayOfWeek: 3 }, { ...hours, startTime: "16:59" }],
  });
  expect(await refusalOf(rules)).toEqual({
    code: "InvalidArgument",
    reason: "INVALID_FIELD",
    fields: ["name", "time_zone", "working_hours[3].start_time"],
  });
  const contract = trainers.createTrainer({
    ...newTrainer(),
    base: { latitude: Number.NaN, longitude: 181 },
    dailySessionLimit: 0,
    workingHours: [{ ...hours, dayOfWeek: 0, endTime: "25:00" }],
  });
  expect((await refusalOf(contract)).fields).toEqual([
    "base.latitude",
    "base.longitude",
    "daily_session_limit",
    "working_hours[0].day_of_week",
    "working_hours[0].end_time",
  ]);
});

test("a grant adds a qualification, another grant for the course replaces its dates", async () => {
  const { trainers } = server.operator(franchiseA);
  const { trainerId } = await givenTrainer(server.operator(franchiseA), { franchiseId: franchiseA });
  const grant = { trainerId, courseId, fromDate: "2026-01-31", untilDate: "2026-12-31" };
  const { trainer } = await trainers.grantQualification({ ...grant, requestId: randomUUIDv7() });
  expect(trainer?.qualifications).toMatchObject([{ courseId, fromDate: "2026-01-31", untilDate: "2026-12-31" }]);

  const again = await trainers.grantQualification({
    trainerId,
    courseId,
    fromDate: "2026-02-01",
    requestId: randomUUIDv7(),
  });
  expect(again.trainer).toMatchObject({
    version: 3n,
    etag: "3",
    qualifications: [{ courseId, fromDate: "2026-02-01" }],
  });
  expect(again.trainer?.qualifications[0]?.untilDate).toBeUndefined();
  expect((await trainers.getTrainer({ trainerId })).trainer).toEqual(again.trainer);
});

test.each([
  ["2026-02-30", undefined, ["from_date"]],
  ["2026-02-01", "2026-01-31", ["until_date"]],
  ["0000-01-01", "2026-13-01", ["from_date", "until_date"]],
  ["31.1.2026", undefined, ["from_date"]],
])("a qualification from %s until %s is refused", async (fromDate, untilDate, fields) => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const grant = { trainerId, courseId, fromDate, ...(untilDate ? { untilDate } : {}), requestId: randomUUIDv7() };
  const refusal = await refusalOf(server.as("admin").trainers.grantQualification(grant));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields });
});

test("time off is kept, and left out of reads a day after it has ended", async () => {
  const { trainers } = server.as("admin");
  const { trainerId } = await givenTrainer(server.as("admin"));
  const [startTime, endTime] = [timestamp("2026-06-10T08:00:00Z"), timestamp("2026-06-12T08:00:00Z")];
  const { trainer, timeOff } = await trainers.addTimeOff({
    requestId: randomUUIDv7(),
    trainerId,
    startTime: { ...startTime, nanos: 1_999 },
    endTime,
    note: "Dentist",
  });
  expect(timeOff).toMatchObject({ startTime: { ...startTime, nanos: 1_000 }, endTime, note: "Dentist" });
  expect(trainer).toMatchObject({ version: 2n, timeOff: [timeOff] });

  const readAt = async (time: string) => {
    server.setTime(time);
    return (await trainers.getTrainer({ trainerId })).trainer?.timeOff.length;
  };
  expect(await readAt("2026-06-13T07:59:59Z")).toBe(1);
  expect(await readAt("2026-06-13T08:00:00Z")).toBe(0);
  server.setTime("2026-06-01T12:00:00Z");
});

test.each([
  ["ends when it starts", "2026-06-10T08:00:00Z", "2026-06-10T08:00:00Z"],
  ["ends before it starts", "2026-06-10T08:00:00Z", "2026-06-09T08:00:00Z"],
  ["is longer than two years", "2026-06-10T08:00:00Z", "2028-06-10T08:00:01Z"],
])("time off that %s is refused", async (_, startTime, endTime) => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const request = {
    trainerId,
    startTime: timestamp(startTime),
    endTime: timestamp(endTime),
    requestId: randomUUIDv7(),
  };
  const refusal = await refusalOf(server.as("admin").trainers.addTimeOff(request));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["end_time"] });
});

test("a time that no calendar has is refused", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"));
  const never = { seconds: 2n ** 62n, nanos: -1 };
  const request = { trainerId, startTime: never, endTime: never, note: "\0", requestId: randomUUIDv7() };
  const refusal = await refusalOf(server.as("admin").trainers.addTimeOff(request));
  expect(refusal).toMatchObject({ reason: "INVALID_FIELD", fields: ["start_time", "end_time", "note"] });
});

test("every change repeated gives the first answer, makes one version and one audit row", async () => {
  const { trainers } = server.operator(franchiseA);
  const creation = newTrainer({ franchiseId: franchiseA });
  const created = await trainers.createTrainer(creation);
  const trainerId = created.trainer?.trainerId ?? "";
  const grant = { requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01" };
  const granted = await trainers.grantQualification(grant);
  const [startTime, endTime] = [timestamp("2026-07-01T00:00:00Z"), timestamp("2026-07-08T00:00:00Z")];
  const absence = { requestId: randomUUIDv7(), trainerId, startTime, endTime };
  const added = await trainers.addTimeOff(absence);

  expect(await trainers.createTrainer(creation)).toEqual(created);
  expect(await trainers.grantQualification(grant)).toEqual(granted);
  expect(await trainers.addTimeOff(absence)).toEqual(added);

  expect((await trainers.getTrainer({ trainerId })).trainer).toEqual(added.trainer);
  expect(await auditOf(server.db, trainerId)).toEqual([
    { action: "CreateTrainer", operatorId: franchiseA, requestId: creation.requestId },
    { action: "GrantQualification", operatorId: franchiseA, requestId: grant.requestId },
    { action: "AddTimeOff", operatorId: franchiseA, requestId: absence.requestId },
  ]);
  expect(await historyOf(trainerId)).toMatchObject([
    { version: 1, snapshot: { version: 1, qualifications: [], timeOff: [] } },
    { version: 2, snapshot: { version: 2, qualifications: [{ courseId, untilDate: null }], timeOff: [] } },
    { version: 3, snapshot: { version: 3, timeOff: [{ timeOffId: added.timeOff?.timeOffId }] } },
  ]);
});

test("changes of one trainer at once are counted one by one", async () => {
  const { trainers } = server.as("admin");
  const { trainerId } = await givenTrainer(server.as("admin"));
  const courseIds = Array.from({ length: 8 }, () => randomUUIDv7());
  for (const courseId of courseIds) server.courses.courseIds.add(courseId);
  const answers = await Promise.all(
    courseIds.map((courseId) =>
      trainers.grantQualification({ requestId: randomUUIDv7(), trainerId, courseId, fromDate: "2026-01-01" }),
    ),
  );
  const versions = answers.map(({ trainer }) => Number(trainer?.version)).toSorted((one, other) => one - other);
  expect(versions).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  for (const { trainer } of answers) expect(trainer?.qualifications).toHaveLength(Number(trainer?.version) - 1);
});

test("another operator's trainer is not there, neither to read nor to change", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"), { franchiseId: franchiseB });
  const { trainers } = server.operator(franchiseA);
  const startTime = timestamp("2026-07-01T00:00:00Z");
  const endTime = timestamp("2026-07-02T00:00:00Z");
  const requestId = randomUUIDv7;
  const calls = [
    trainers.getTrainer({ trainerId }),
    trainers.grantQualification({ requestId: requestId(), trainerId, courseId, fromDate: "2026-01-01" }),
    trainers.addTimeOff({ requestId: requestId(), trainerId, startTime, endTime }),
  ];
  for (const call of calls) {
    expect(await refusalOf(call)).toEqual({ code: "NotFound", reason: "TRAINER_NOT_FOUND", fields: [] });
  }
  expect((await trainers.getTrainers({ trainerIds: [trainerId] })).missingTrainerIds).toEqual([trainerId]);
  const unchanged = await server.as("admin").trainers.getTrainer({ trainerId });
  expect(unchanged.trainer?.version).toBe(1n);
});

test("a trainer reads itself and nobody else", async () => {
  const own = await givenTrainer(server.as("admin"), { franchiseId: franchiseA });
  const other = await givenTrainer(server.as("admin"), { franchiseId: franchiseA });
  const { trainers } = server.as("trainer", { trainer_id: own.trainerId });
  expect((await trainers.getTrainer({ trainerId: own.trainerId })).trainer).toEqual(own);
  expect((await refusalOf(trainers.getTrainer({ trainerId: other.trainerId }))).reason).toBe("TRAINER_NOT_FOUND");
});

function timestamp(time: string): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Temporal.Instant.from(time).epochMilliseconds / 1000), nanos: 0 };
}

function historyOf(trainerId: string) {
  const row = z.object({ version: z.number(), snapshot: z.unknown() });
  return server.db.any(sql.type(row)`
    select version, snapshot from trainer_history where trainer_id = ${trainerId} order by version
  `);
}
