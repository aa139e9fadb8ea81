import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { auditOf } from "./testing/audit.ts";
import { type CatalogueServer, givenStudent, newStudent, startCatalogueServer } from "./testing/catalogue-server.ts";
import { allPages } from "./testing/pages.ts";
import { refusalOf } from "./testing/refusal.ts";

const MISSING = { code: "NotFound", reason: "STUDENT_NOT_FOUND", fields: [] };

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

test("a student that was added can be read by every operator", async () => {
  const student = await givenStudent(server.operator(randomUUIDv7()), { name: "Ada" });
  expect(student).toMatchObject({
    name: "Ada",
    language: "cs",
    location: { latitude: 50.09, longitude: 14.42 },
    timeZone: "Europe/Prague",
    etag: "1",
  });
  for (const { students } of [server.admin, server.operator(randomUUIDv7()), server.as(Role.SERVICE)]) {
    expect((await students.getStudent({ studentId: student.studentId })).student).toEqual(student);
  }
});

test("language and time zone take their usual spelling", async () => {
  const request = { ...newStudent({ language: "pt-br" }), timeZone: "america/sao_paulo" };
  const { student } = await server.admin.students.createStudent(request);
  expect(student).toMatchObject({ language: "pt-BR", timeZone: "America/Sao_Paulo" });
});

test("a student reads itself alone", async () => {
  const [one, other] = [await givenStudent(server.admin), await givenStudent(server.admin)];
  const { students } = server.as(Role.STUDENT, { student_id: one.studentId });
  expect((await students.getStudent({ studentId: one.studentId.toUpperCase() })).student).toEqual(one);
  expect(await refusalOf(students.getStudent({ studentId: other.studentId }))).toEqual(MISSING);
  expect((await refusalOf(students.listStudents({}))).code).toBe("PermissionDenied");
  expect((await refusalOf(students.createStudent(newStudent()))).code).toBe("PermissionDenied");
});

test("a token that does not say which operator or student it is for opens nothing, and breaks nothing", async () => {
  const { studentId } = await givenStudent(server.admin);
  const nobodys = [
    server.as(Role.STUDENT, { student_id: "" }).students.eraseStudent({ requestId: randomUUIDv7(), studentId }),
    server.as(Role.OPERATOR, { operator_id: "acme" }).students.getStudent({ studentId }),
    server.as(Role.OPERATOR, { operator_id: "acme" }).students.createStudent(newStudent()),
  ];
  for (const refusal of await Promise.all(nobodys.map(refusalOf))) {
    expect(refusal).toMatchObject({ code: "Unauthenticated", reason: "TOKEN_INVALID" });
  }
});

test("a trainer reads no students here", async () => {
  const { studentId } = await givenStudent(server.admin);
  const { students } = server.as(Role.TRAINER, { trainer_id: randomUUIDv7() });
  expect((await refusalOf(students.getStudent({ studentId }))).code).toBe("PermissionDenied");
});

test("repeating the request_id gives the first answer, and adds and audits nothing", async () => {
  const request = newStudent();
  const first = await server.admin.students.createStudent(request);
  expect(await server.admin.students.createStudent(request)).toEqual(first);
  expect(await auditOf(server.db, first.student?.studentId)).toEqual([
    { action: "CreateStudent", entity: "student", operatorId: null, requestId: request.requestId },
  ]);
  const other = await refusalOf(server.admin.students.createStudent({ ...request, name: "Bea" }));
  expect(other.reason).toBe("REQUEST_ID_REUSED");
});

test.each([
  [{ name: "" }, "name"],
  [{ name: "A\0da" }, "name"],
  [{ name: "\u202EadA" }, "name"],
  [{ name: "Ada\nLovelace" }, "name"],
  [{ name: "7" }, "name"],
  [{ language: "e" }, "language"],
  [{ language: "en_US" }, "language"],
  [{ location: undefined }, "location"],
  [{ location: { latitude: -91, longitude: 0 } }, "location.latitude"],
  [{ location: { latitude: 0, longitude: 181 } }, "location.longitude"],
  [{ timeZone: "Europe/Atlantis" }, "time_zone"],
  [{ requestId: "1" }, "request_id"],
])("%j is refused", async (change, field) => {
  const refusal = await refusalOf(server.admin.students.createStudent({ ...newStudent(), ...change }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
});

test("a student that does not exist is not found", async () => {
  expect(await refusalOf(server.admin.students.getStudent({ studentId: randomUUIDv7() }))).toEqual(MISSING);
});

test("pages of students, by id, leave out nothing and repeat nothing", async () => {
  for (let index = 0; index < 5; index++) await givenStudent(server.admin);
  const { students } = server.operator(randomUUIDv7());
  const all = (await students.listStudents({ pageSize: 1000 })).students.map(({ studentId }) => studentId);
  expect(all).toEqual(all.toSorted());
  const paged = await allPages(async (pageToken) => {
    const page = await students.listStudents({ pageSize: 2, pageToken });
    return { items: page.students.map(({ studentId }) => studentId), nextPageToken: page.nextPageToken };
  });
  expect(paged).toEqual(all);
  expect((await refusalOf(students.listStudents({ pageToken: "page two" }))).fields).toEqual(["page_token"]);
});
