import { randomUUIDv7 } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CourseService } from "../../gen/cadre/booking/v1/course_service_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { FranchiseService } from "../../gen/cadre/trainer/v1/franchise_service_pb.ts";
import { TrainerService } from "../../gen/cadre/trainer/v1/trainer_service_pb.ts";
import { startTestServer, type TestServer } from "../runtime/testing/server.ts";
import { standIn } from "../runtime/testing/stand-in.ts";
import {
  COURSE_ID,
  givenFranchise,
  startTrainerServer,
  type TrainerServer,
} from "../trainer/testing/trainer-server.ts";
import { readHeader, readRows } from "./csv.ts";
import { kindOf } from "./kinds.ts";
import { reportLine } from "./report.ts";
import type { TableReport } from "./table-import.ts";

const HEADER =
  "external_id,franchise,name,time_zone,base_latitude,base_longitude,travel_radius_km,buffer_minutes,daily_session_limit,working_hours,qualifications,status";
const courseId = COURSE_ID;

let folder: string;
let trainer: TrainerServer;
let franchiseId: string;
let mesh: TestServer;

/** The calls of the real trainer service and the names of two courses behind one address, as the gateway has it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "import-"));
  trainer = await startTrainerServer();
  const { trainers, franchises } = trainer.as("admin");
  franchiseId = await givenFranchise(trainer.as("admin"), "Schwimmschule Süd");
  mesh = await startTestServer({
    services: [
      standIn(TrainerService, { importTrainers: (requests) => trainers.importTrainers(requests) }),
      standIn(FranchiseService, { listFranchises: (request) => franchises.listFranchises(request) }),
      standIn(CourseService, { listCourses: async () => ({ courses: [{ courseId, name: "Swimming" }] }) }),
    ],
  });
});

afterAll(async () => {
  await mesh?.close();
  await trainer?.close();
  await rm(folder, { recursive: true });
});

test("an operator's table is taken in, its bad rows are told by line, and a second run changes nothing", async () => {
  const path = await table(
    'p-1,,Ada,Europe/Prague,50.08,14.43,30,15,6,"Mon-Fri 09:00-12:00 13:00-17:30","Swimming from 2026-01-01 until 2026-12-31",',
    "p-2,schwimmschule süd,Bob,Europe/Berlin,48.1,11.5,12.5,0,8,Sat 22:00-02:00,,suspended",
    "p-3,Nobody,Cyd,Europe/Prague,fifty,14.43,30,15,6,,,",
    "p-4,,Dan,Mars/Base,91,14.43,30,15,6,,Rowing from 2026-01-01,",
    "p-5,,Eve,Mars/Base,91,14.43,501,15,6,,,",
    "p-1,,Ada again,Europe/Prague,50.08,14.43,30,15,6,,,",
  );
  const report = await importFile(path);
  expect(report).toMatchObject({ created: 2, updated: 0, unchanged: 0 });
  expect(report.refused.map(reportLine)).toEqual([
    'line 4: franchise: there is no franchise "Nobody"; base_latitude: "fifty" is not a number',
    'line 5: qualifications: there is no course "Rowing"',
    "line 6: base_latitude: must be greater than or equal to -90 and less than or equal to 90; travel_radius_km: must be greater than or equal to 0 and less than or equal to 500; time_zone: is not the IANA name of a time zone",
    "line 7: external_id: is the same as in line 2 (DUPLICATE_ROW)",
  ]);

  const listed = await trainer.as("admin").trainers.listTrainers({});
  expect(listed.trainers.map(({ name }) => name).sort()).toEqual(["Ada", "Bob"]);
  expect(listed.trainers.find(({ name }) => name === "Bob")).toMatchObject({
    operatorId: franchiseId,
    travelRadiusMeters: 12_500,
  });

  expect(await importFile(path)).toMatchObject({ created: 0, updated: 0, unchanged: 2 });
  expect((await trainer.as("admin").trainers.listTrainers({})).trainers).toEqual(listed.trainers);
});

test("a table longer than a call is several calls", async () => {
  const rows = Array.from({ length: 5_200 }, (_, n) => `long-${n},,T${n},Nowhere/Land,0,0,1,0,1,,,`);
  const done: number[] = [];
  const report = await importFile(await table(...rows), (count) => done.push(count));
  expect(report.refused).toHaveLength(5_200);
  expect(report.refused[5_199]).toMatchObject({ line: 5_201 });
  expect(done).toHaveLength(2);
  expect(done.at(-1)).toBe(5_200);
});

test("a table that lacks a column is told which one", async () => {
  const header = HEADER.split(",").filter((column) => column !== "time_zone" && column !== "status");
  expect(() => kindOf(header)).toThrow("A table of trainers also needs: time_zone.");
});

async function table(...rows: string[]): Promise<string> {
  const path = join(folder, `${randomUUIDv7()}.csv`);
  await writeFile(path, [HEADER, ...rows, ""].join("\n"));
  return path;
}

async function importFile(path: string, onProgress = (_done: number): void => {}): Promise<TableReport> {
  const report: TableReport = { created: 0, updated: 0, unchanged: 0, refused: [] };
  const kind = kindOf(await readHeader(path));
  const transport = mesh.transportAs(Role.ADMIN);
  await kind.run({ table: readRows(path), transport, call: {}, requestId: randomUUIDv7(), report, onProgress });
  return report;
}
