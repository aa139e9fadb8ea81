import { randomUUIDv7 } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import type { ImportReport } from "../../gen/cadre/bulk/v1/import_report_pb.ts";
import { TrainerStatus } from "../../gen/cadre/trainer/v1/trainer_pb.ts";
import type { TrainerRowSchema } from "../../gen/cadre/trainer/v1/trainer_row_pb.ts";
import { sql } from "../runtime/database.ts";
import { COMPANY_OPERATOR_ID } from "./operator.ts";
import {
  COURSE_ID,
  givenFranchise,
  givenTrainer,
  refusalOf,
  startTrainerServer,
  type TrainerServer,
} from "./testing/trainer-server.ts";

type Row = Omit<MessageInitShape<typeof TrainerRowSchema>, "$typeName" | "$unknown">;
type Clients = ReturnType<TrainerServer["as"]>;

const courseId = COURSE_ID;
let server: TrainerServer;
let franchiseA: string;

beforeAll(async () => {
  server = await startTrainerServer();
  franchiseA = await givenFranchise(server.as("admin"), "A");
});

afterAll(() => server?.close());

test("a list is taken in, and the same list again changes nothing", async () => {
  const admin = server.as("admin");
  const rows = [row({ externalId: "first-1" }), row({ externalId: "first-2", franchiseId: franchiseA })];

  expect(await imported(admin, [rows])).toMatchObject({ created: 2, updated: 0, unchanged: 0, refused: [] });
  const before = await storedRows();
  expect(await imported(admin, [rows])).toMatchObject({ created: 0, updated: 0, unchanged: 2, refused: [] });
  expect(await storedRows()).toEqual(before);
});

test("a trainer is what its row says, and is overwritten by what a later row says otherwise", async () => {
  const admin = server.as("admin");
  await imported(admin, [[row({ externalId: "changing", status: TrainerStatus.SUSPENDED })]]);
  const before = await trainerOf("changing");
  const { trainer: known } = await admin.trainers.getTrainer({ trainerId: before });
  expect(known).toMatchObject({
    operatorId: COMPANY_OPERATOR_ID,
    name: "Ada",
    status: TrainerStatus.SUSPENDED,
    timeZone: "Europe/Prague",
    base: { latitude: 50.08, longitude: 14.43 },
    workingHours: [{ dayOfWeek: 1, startTime: "22:00", endTime: "24:00" }],
    qualifications: [{ courseId, fromDate: "2026-01-01", untilDate: "2026-12-31" }],
    version: 1n,
  });

  const later = row({ externalId: "changing", name: "Adéla", bufferMinutes: 0, workingHours: [], qualifications: [] });
  expect(await imported(admin, [[later]])).toMatchObject({ created: 0, updated: 1 });
  const { trainer } = await admin.trainers.getTrainer({ trainerId: before });
  expect(trainer).toMatchObject({
    name: "Adéla",
    status: TrainerStatus.SUSPENDED,
    bufferMinutes: 0,
    workingHours: [],
    qualifications: [],
    version: 2n,
  });
  expect(await historyOf(before)).toEqual([1, 2]);
});

test("bad rows are named with everything that is wrong with them, and the good ones are kept", async () => {
  const unknown = randomUUIDv7();
  const good = row({ line: 7, externalId: "good" });
  const report = await imported(server.as("admin"), [
    [
      row({ line: 2, externalId: "bad-zone", timeZone: "Mars/Base", travelRadiusMeters: -1 }),
      row({ line: 3, externalId: "bad-place", base: { latitude: 91, longitude: 0 } }),
      row({ line: 4, externalId: "nowhere", franchiseId: unknown }),
      row({ line: 5, externalId: "bad-day", qualifications: [{ courseId, fromDate: "2026-02-30" }] }),
      row({ line: 6, externalId: "", name: "\0" }),
      row({ line: 10, externalId: "bad-course", qualifications: [{ courseId: unknown, fromDate: "2026-01-01" }] }),
      good,
    ],
    [
      row({ line: 8, externalId: "good", name: "Other" }),
      row({ line: 9, externalId: "no-hours", workingHours: [eight, eight] }),
    ],
  ]);
  expect(report.created).toBe(1);
  expect(
    report.refused.map(({ line, faults }) => [line, ...faults.map((fault) => `${fault.field} ${fault.reason}`)]),
  ).toEqual([
    [2, "travel_radius_meters INVALID_FIELD", "time_zone INVALID_FIELD"],
    [3, "base.latitude INVALID_FIELD"],
    [4, "franchise_id FRANCHISE_NOT_FOUND"],
    [5, "qualifications[0].from_date INVALID_FIELD"],
    [6, "external_id INVALID_FIELD", "name INVALID_FIELD"],
    [8, "external_id DUPLICATE_ROW"],
    [9, "working_hours[1].start_time INVALID_FIELD"],
    [10, "qualifications[0].course_id COURSE_NOT_FOUND"],
  ]);
});

test("an operator takes in its own trainers only", async () => {
  const report = await imported(server.operator(franchiseA), [
    [row({ line: 2, externalId: "own", franchiseId: franchiseA }), row({ line: 3, externalId: "foreign" })],
  ]);
  expect(report).toMatchObject({ created: 1, refused: [{ line: 3, faults: [{ reason: "OPERATOR_MISMATCH" }] }] });
});

test("the same key with two operators is two trainers", async () => {
  const rows = [row({ externalId: "shared" }), row({ externalId: "shared", franchiseId: franchiseA })];
  expect(await imported(server.as("admin"), [rows])).toMatchObject({ created: 2, refused: [] });
});

test("a list does not touch what it does not hold", async () => {
  const admin = server.as("admin");
  const byHand = await givenTrainer(admin);
  await imported(admin, [[row({ externalId: "away" })]]);
  const trainerId = await trainerOf("away");
  const [startTime, endTime] = [{ seconds: 1_780_400_000n }, { seconds: 1_780_500_000n }];
  await admin.trainers.addTimeOff({ requestId: randomUUIDv7(), trainerId, startTime, endTime });

  await imported(admin, [[row({ externalId: "away", name: "Back soon" })]]);
  const { trainers } = await admin.trainers.getTrainers({ trainerIds: [trainerId, byHand.trainerId] });
  expect(trainers[0]).toMatchObject({ name: "Back soon", version: 3n, timeOff: [{ startTime }] });
  expect(trainers[1]).toEqual(byHand);
});

test("two imports of one list at once make each trainer once", async () => {
  const admin = server.as("admin");
  const rows = Array.from({ length: 200 }, (_, index) => row({ externalId: `twin-${index}` }));
  const reports = await Promise.all([imported(admin, [rows]), imported(admin, [rows.toReversed()])]);
  expect(reports.map(({ created }) => created).reduce((one, other) => one + other)).toBe(200);
  expect(reports.map(({ unchanged }) => unchanged).reduce((one, other) => one + other)).toBe(200);
});

test("what searches count stays right through additions, changes and suspensions", async () => {
  const admin = server.as("admin");
  await imported(admin, [
    [row({ externalId: "count-1" }), row({ externalId: "count-2", status: TrainerStatus.SUSPENDED })],
    [row({ externalId: "count-3", qualifications: [] })],
  ]);
  await imported(admin, [
    [
      row({ externalId: "count-1", status: TrainerStatus.LEFT }),
      row({ externalId: "count-2", status: TrainerStatus.ACTIVE }),
    ],
    [row({ externalId: "count-3", name: "Taught" })],
  ]);
  const counts = await server.db.one(sql.type(z.object({ kept: z.number(), counted: z.number() }))`
    select
      (select coalesce(sum(difference), 0)::int from search_count where course_id = ${courseId}) as kept,
      (select count(*)::int from qualification join trainer using (operator_id, trainer_id)
       where course_id = ${courseId} and status = 'active') as counted
  `);
  expect(counts.kept).toBe(counts.counted);
});

test("what came before a stream broke off is kept", async () => {
  const call = server.as("admin").trainers.importTrainers(
    (async function* () {
      yield { requestId: randomUUIDv7(), rows: [row({ externalId: "before-the-end" })] };
      yield { requestId: "not an id", rows: [row({ externalId: "after-the-end" })] };
    })(),
  );
  expect(await refusalOf(call)).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["request_id"] });
  expect(await trainerOf("before-the-end")).toMatch(/-/);
  await expect(trainerOf("after-the-end")).rejects.toThrow();
});

test("a call takes five thousand rows and no more", async () => {
  const batch = Array.from({ length: 500 }, (_, index) => row({ externalId: `bad-${index}`, timeZone: "" }));
  const admin = server.as("admin");
  expect((await imported(admin, Array(10).fill(batch))).refused).toHaveLength(5000);
  const refusal = { code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["rows"] };
  expect(await refusalOf(imported(admin, Array(11).fill(batch)))).toEqual(refusal);
});

test("the audit log names what an import made and changed", async () => {
  const requestId = randomUUIDv7();
  const admin = server.as("admin");
  await imported(admin, [[row({ externalId: "audited" })]], requestId);
  await imported(admin, [[row({ externalId: "audited" })]], requestId);
  const entries = await server.db.any(sql.type(z.object({ detail: z.unknown() }))`
    select detail from audit_log where entity_id = ${requestId} and action = 'ImportTrainers'
  `);
  expect(entries).toEqual([{ detail: { created: [await trainerOf("audited")], updated: [] } }]);
});

const eight = { dayOfWeek: 1, startTime: "08:00", endTime: "16:00" } as const;

/** Two hours on Monday nights, one course; what a test is about, it says itself. */
function row(facts: Row): Row {
  return {
    line: 1,
    name: "Ada",
    timeZone: "Europe/Prague",
    base: { latitude: 50.08, longitude: 14.43 },
    travelRadiusMeters: 30_000,
    bufferMinutes: 15,
    dailySessionLimit: 6,
    workingHours: [{ dayOfWeek: 1, startTime: "22:00", endTime: "24:00" }],
    qualifications: [{ courseId, fromDate: "2026-01-01", untilDate: "2026-12-31" }],
    ...facts,
  };
}

async function imported({ trainers }: Clients, batches: Row[][], requestId = randomUUIDv7()): Promise<ImportReport> {
  async function* messages() {
    for (const rows of batches) yield { requestId, rows };
  }
  const { report } = await trainers.importTrainers(messages());
  if (!report) throw new Error("the answer holds no report");
  return report;
}

function trainerOf(externalId: string): Promise<string> {
  return server.db.oneFirst(sql.type(z.object({ id: z.string() }))`
    select trainer_id as id from trainer where external_id = ${externalId}
  `);
}

function historyOf(trainerId: string) {
  return server.db.anyFirst(sql.type(z.object({ version: z.number() }))`
    select version from trainer_history where trainer_id = ${trainerId} order by version
  `);
}

function storedRows() {
  return server.db.any(sql.type(z.object({ table: z.string(), rows: z.number() }))`
    select 'trainer' as table, count(*) as rows from trainer union all
    select 'history', count(*) from trainer_history union all
    select 'audit', count(*) from audit_log union all
    select 'hours', count(*) from working_hours
  `);
}
