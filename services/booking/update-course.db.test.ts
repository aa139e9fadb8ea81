import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Course } from "../../gen/cadre/booking/v1/course_pb.ts";
import { auditOf } from "./testing/audit.ts";
import { type CatalogueServer, givenCourse, startCatalogueServer } from "./testing/catalogue-server.ts";
import { refusalOf } from "./testing/refusal.ts";

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

function update({ courseId, etag }: Course, ...paths: string[]) {
  return { requestId: randomUUIDv7(), courseId, etag, updateMask: { paths } };
}

const read = async ({ courseId }: Course) => (await server.admin.courses.getCourse({ courseId })).course;

test("an update changes what its mask names, and nothing else that it says", async () => {
  const before = await givenCourse(server.admin);
  const request = { ...update(before, "name", "description"), name: "Diving", description: "", sessionCount: 1 };
  const { course } = await server.admin.courses.updateCourse(request);
  expect(course).toEqual({ ...before, name: "Diving", description: "", etag: "2" });
  const terms = { sessionCount: 12, sessionMinutes: 5 };
  const later = { ...update({ ...before, etag: "2" }, "session_count", "session_minutes"), ...terms };
  expect((await server.admin.courses.updateCourse(later)).course).toEqual({ ...course, ...terms, etag: "3" });
});

test("a stale etag, a taken name and a course that is not there are refused and change nothing", async () => {
  const [before, taken] = [await givenCourse(server.admin), await givenCourse(server.admin)];
  const stale = server.admin.courses.updateCourse({ ...update(before, "name"), name: "Late", etag: "0" });
  expect(await refusalOf(stale)).toEqual({ code: "Aborted", reason: "ETAG_MISMATCH", fields: [] });
  const named = server.admin.courses.updateCourse({ ...update(before, "name"), name: taken.name });
  expect(await refusalOf(named)).toEqual({ code: "AlreadyExists", reason: "COURSE_NAME_TAKEN", fields: [] });
  const nowhere = { ...update(before, "name"), name: "None", courseId: randomUUIDv7() };
  expect((await refusalOf(server.admin.courses.updateCourse(nowhere))).reason).toBe("COURSE_NOT_FOUND");
  expect(await read(before)).toEqual(before);
});

test("repeating the request_id gives the first answer, and changes and audits nothing more", async () => {
  const before = await givenCourse(server.admin);
  const request = { ...update(before, "session_minutes"), sessionMinutes: 90 };
  const first = await server.admin.courses.updateCourse(request);
  expect(await server.admin.courses.updateCourse(request)).toEqual(first);
  expect((await auditOf(server.db, before.courseId)).slice(1)).toEqual([
    { action: "UpdateCourse", entity: "course", operatorId: null, requestId: request.requestId },
  ]);
  const other = await refusalOf(server.admin.courses.updateCourse({ ...request, sessionMinutes: 91 }));
  expect(other.reason).toBe("REQUEST_ID_REUSED");
});

test("only an administrator changes courses", async () => {
  const before = await givenCourse(server.admin);
  const call = server.operator(randomUUIDv7()).courses.updateCourse({ ...update(before, "name"), name: "Mine" });
  expect((await refusalOf(call)).code).toBe("PermissionDenied");
});

test.each([
  [{ updateMask: { paths: [] } }, "update_mask"],
  [{ updateMask: { paths: ["course_id"] } }, "update_mask.paths[0]"],
  [{ updateMask: { paths: ["name"] } }, "name"],
  [{ updateMask: { paths: ["description"] }, description: "\0" }, "description"],
  [{ updateMask: { paths: ["session_count"] } }, "session_count"],
  [{ updateMask: { paths: ["session_count"] }, sessionCount: 201 }, "session_count"],
  [{ updateMask: { paths: ["session_minutes"] }, sessionMinutes: 4 }, "session_minutes"],
])("%j is refused and changes nothing", async (change, field) => {
  const before = await givenCourse(server.admin);
  const refusal = await refusalOf(server.admin.courses.updateCourse({ ...update(before), ...change }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
  expect(await read(before)).toEqual(before);
});
