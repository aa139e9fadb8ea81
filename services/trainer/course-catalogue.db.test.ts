import { randomUUIDv7 } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { givenTrainer, refusalOf, startTrainerServer, type TrainerServer } from "./testing/trainer-server.ts";

let server: TrainerServer;
let trainerId: string;

beforeAll(async () => {
  server = await startTrainerServer();
  ({ trainerId } = await givenTrainer(server.as("admin")));
});

afterAll(() => server?.close());

test("a qualification for a course that booking does not know is refused, and changes nothing", async () => {
  const refusal = { code: "NotFound", reason: "COURSE_NOT_FOUND", fields: [] };
  expect(await refusalOf(granted(randomUUIDv7()))).toEqual(refusal);
  expect((await server.as("admin").trainers.getTrainer({ trainerId })).trainer?.version).toBe(1n);
});

test("a course that booking has just been given is known, on whatever page it is", async () => {
  const courseIds = Array.from({ length: 5 }, () => randomUUIDv7());
  for (const courseId of courseIds) server.courses.courseIds.add(courseId);
  const { trainer } = await granted(courseIds[4] ?? "");
  expect(trainer?.qualifications).toMatchObject([{ courseId: courseIds[4] }]);
});

test("a course that was known once is not asked about again, also while booking is down", async () => {
  const courseId = givenCourse();
  await granted(courseId);
  const calls = server.courses.calls;
  server.courses.failure = Code.Unavailable;
  await granted(courseId);
  expect(server.courses.calls).toBe(calls);
  server.courses.failure = null;
});

test("what many ask about at once is asked of booking together", async () => {
  const calls = server.courses.calls;
  await Promise.all(Array.from({ length: 40 }, () => granted(givenCourse())));
  const pages = Math.ceil(server.courses.courseIds.size / 2);
  expect(server.courses.calls - calls).toBeLessThanOrEqual(3 * pages);
});

test("a course that cannot be asked about is refused for the moment; the same request succeeds when it can", async () => {
  const courseId = givenCourse();
  const requestId = randomUUIDv7();
  server.courses.failure = Code.Unavailable;
  const refusal = { code: "Unavailable", reason: "COURSE_CATALOGUE_UNAVAILABLE", fields: [] };
  expect(await refusalOf(granted(courseId, requestId))).toEqual(refusal);
  server.courses.failure = null;
  expect((await granted(courseId, requestId)).trainer?.qualifications).toContainEqual(
    expect.objectContaining({ courseId }),
  );
});

test("what was answered already is answered without asking booking", async () => {
  const [courseId, requestId] = [randomUUIDv7(), randomUUIDv7()];
  expect((await refusalOf(granted(courseId, requestId))).reason).toBe("COURSE_NOT_FOUND");
  server.courses.courseIds.add(courseId);
  expect((await refusalOf(granted(courseId, requestId))).reason).toBe("COURSE_NOT_FOUND");
});

test("a trainer holds a hundred qualifications at most", async () => {
  const { trainerId: held } = await givenTrainer(server.as("admin"));
  const grant = (courseId: string) =>
    server.as("admin").trainers.grantQualification({
      ...{ requestId: randomUUIDv7(), trainerId: held, courseId, fromDate: "2026-01-01" },
    });
  const courseIds = Array.from({ length: 101 }, givenCourse);
  for (const courseId of courseIds.slice(0, 100)) await grant(courseId);
  const refusal = { code: "FailedPrecondition", reason: "TOO_MANY_QUALIFICATIONS", fields: [] };
  expect(await refusalOf(grant(courseIds[100] ?? ""))).toEqual(refusal);
  expect((await grant(courseIds[0] ?? "")).trainer?.qualifications).toHaveLength(100);
});

function givenCourse(): string {
  const courseId = randomUUIDv7();
  server.courses.courseIds.add(courseId);
  return courseId;
}

function granted(courseId: string, requestId: string = randomUUIDv7()) {
  return server.as("admin").trainers.grantQualification({ requestId, trainerId, courseId, fromDate: "2026-01-01" });
}
