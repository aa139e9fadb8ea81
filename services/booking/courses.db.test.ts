import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { pageToken as pageTokenOf } from "../runtime/page-token.ts";
import { auditOf } from "./testing/audit.ts";
import { type CatalogueServer, givenCourse, newCourse, startCatalogueServer } from "./testing/catalogue-server.ts";
import { allPages } from "./testing/pages.ts";
import { refusalOf } from "./testing/refusal.ts";

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

test("a course that was added can be read by everybody", async () => {
  const course = await givenCourse(server.admin, { name: "Butterfly" });
  expect(course).toMatchObject({
    name: "Butterfly",
    description: "From the first stroke",
    sessionCount: 10,
    sessionMinutes: 45,
    etag: "1",
  });
  for (const role of [Role.ADMIN, Role.OPERATOR, Role.TRAINER, Role.STUDENT, Role.SERVICE]) {
    expect((await server.as(role).courses.getCourse({ courseId: course.courseId })).course).toEqual(course);
  }
});

test("a course that does not say otherwise has thirty sessions", async () => {
  expect((await givenCourse(server.admin, { sessionCount: 0 })).sessionCount).toBe(30);
});

test("repeating the request_id gives the first answer, and adds and audits nothing", async () => {
  const request = newCourse();
  const first = await server.admin.courses.createCourse(request);
  expect(await server.admin.courses.createCourse(request)).toEqual(first);
  expect(await auditOf(server.db, first.course?.courseId)).toEqual([
    { action: "CreateCourse", entity: "course", operatorId: null, requestId: request.requestId },
  ]);
  const other = await refusalOf(server.admin.courses.createCourse({ ...request, sessionMinutes: 60 }));
  expect(other.reason).toBe("REQUEST_ID_REUSED");
});

test("a name that another course has is refused, and refused again when repeated", async () => {
  await givenCourse(server.admin, { name: "Backstroke" });
  const request = newCourse({ name: "Backstroke" });
  const taken = { code: "AlreadyExists", reason: "COURSE_NAME_TAKEN", fields: [] };
  expect(await refusalOf(server.admin.courses.createCourse(request))).toEqual(taken);
  expect(await refusalOf(server.admin.courses.createCourse(request))).toEqual(taken);
});

test.each([
  [{ name: "" }, "name"],
  [{ name: "Cra\0wl" }, "name"],
  [{ description: "\0" }, "description"],
  [{ sessionCount: -1 }, "session_count"],
  [{ sessionCount: 201 }, "session_count"],
  [{ sessionMinutes: 4 }, "session_minutes"],
  [{ requestId: "" }, "request_id"],
])("%j is refused", async (change, field) => {
  const refusal = await refusalOf(server.admin.courses.createCourse({ ...newCourse(), ...change }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
});

test("only admins add courses", async () => {
  const refusal = await refusalOf(server.operator(randomUUIDv7()).courses.createCourse(newCourse()));
  expect(refusal.code).toBe("PermissionDenied");
});

test("a course that does not exist is not found", async () => {
  const refusal = await refusalOf(server.admin.courses.getCourse({ courseId: randomUUIDv7() }));
  expect(refusal).toEqual({ code: "NotFound", reason: "COURSE_NOT_FOUND", fields: [] });
});

test("pages of courses, by name, leave out nothing and repeat nothing", async () => {
  const longest = "Ω".repeat(200);
  for (const name of [longest, "Zumba", "Zen"]) await givenCourse(server.admin, { name });
  const { courses } = server.as(Role.STUDENT);
  const names = (await courses.listCourses({ pageSize: 1000 })).courses.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([longest, "Zen", "Zumba"]));
  expect(names.indexOf("Zen")).toBeLessThan(names.indexOf("Zumba"));
  const paged = await allPages(async (pageToken) => {
    const page = await courses.listCourses({ pageSize: 2, pageToken });
    return { items: page.courses.map(({ name }) => name), nextPageToken: page.nextPageToken };
  });
  expect(paged).toEqual(names);
  for (const pageToken of ["page two", pageTokenOf("Cra\0wl"), pageTokenOf({ name: "Crawl" })]) {
    expect((await refusalOf(courses.listCourses({ pageToken }))).fields).toEqual(["page_token"]);
  }
});

test("pages of courses go on where they were, also when the last one has another name by then", async () => {
  const names = ["Quiet Yoga", "Quiet Walking", "Quiet Running"].toSorted();
  for (const name of names) await givenCourse(server.admin, { name });
  const { courses } = server.as(Role.ADMIN);
  const all = (await courses.listCourses({ pageSize: 1000 })).courses;
  const first = await courses.listCourses({ pageSize: all.findIndex(({ name }) => name === names[0]) + 1 });
  const last = first.courses.at(-1);
  const updateMask = { paths: ["name"] };
  const { courseId = "", etag = "" } = last ?? {};
  await courses.updateCourse({ requestId: randomUUIDv7(), courseId, etag, updateMask, name: "ZZZ" });
  const second = await courses.listCourses({ pageSize: 2, pageToken: first.nextPageToken });
  expect(second.courses.map(({ name }) => name)).toEqual(names.slice(1));
});
