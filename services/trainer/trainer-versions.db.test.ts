import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
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

test("a trainer is told as it was after each change, in the order asked, by one statement", async () => {
  const admin = server.as("admin");
  const first = await givenTrainer(admin, { franchiseId });
  const { trainerId } = first;
  const requestId = randomUUIDv7;
  const { trainer: second } = await admin.trainers.grantQualification({
    ...{ requestId: requestId(), trainerId, courseId, fromDate: "2026-01-01" },
  });
  const { trainer: third } = await admin.trainers.revokeQualification({ requestId: requestId(), trainerId, courseId });

  const before = server.statements();
  const versions = [2n, 9n, 1n, 3n].map((version) => ({ trainerId, version }));
  const { trainers } = await server.as("service").trainers.getTrainerVersions({ operatorId: franchiseId, versions });
  expect(trainers).toEqual([second, first, third]);
  expect(server.statements() - before).toBe(1);
});

test("another operator has no such version, and operators do not ask for versions", async () => {
  const { trainerId } = await givenTrainer(server.as("admin"), { franchiseId });
  const versions = [{ trainerId, version: 1n }];
  const asked = { operatorId: randomUUIDv7(), versions };
  expect((await server.as("service").trainers.getTrainerVersions(asked)).trainers).toEqual([]);
  const refusal = await refusalOf(
    server.operator(franchiseId).trainers.getTrainerVersions({ operatorId: franchiseId, versions }),
  );
  expect(refusal.code).toBe("PermissionDenied");
});
