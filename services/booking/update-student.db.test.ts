import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { z } from "zod";
import type { Student } from "../../gen/cadre/booking/v1/student_pb.ts";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { sql } from "../runtime/database.ts";
import { auditOf } from "./testing/audit.ts";
import { type CatalogueServer, givenStudent, startCatalogueServer } from "./testing/catalogue-server.ts";
import { refusalOf } from "./testing/refusal.ts";

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

function update({ studentId, etag }: Student, ...paths: string[]) {
  return { requestId: randomUUIDv7(), studentId, etag, updateMask: { paths } };
}

const read = async ({ studentId }: Student) => (await server.admin.students.getStudent({ studentId })).student;

test("an update changes what its mask names, and nothing else that it says", async () => {
  const before = await givenStudent(server.admin);
  const location = { latitude: -33.4, longitude: -70.6 };
  const request = { ...update(before, "language", "location"), language: "es-cl", location, name: "Nobody" };
  const { student } = await server.admin.students.updateStudent(request);
  expect(student).toEqual({ ...before, language: "es-CL", location: student?.location, etag: "2" });
  expect(student?.location).toMatchObject(location);
  const moved = { ...update({ ...before, etag: "2" }, "name", "time_zone"), name: "Eva", timeZone: "america/santiago" };
  const answer = await server.admin.students.updateStudent(moved);
  expect(answer.student).toEqual({ ...student, name: "Eva", timeZone: "America/Santiago", etag: "3" });
});

test("a student changes itself alone", async () => {
  const [one, other] = [await givenStudent(server.admin), await givenStudent(server.admin)];
  const { students } = server.as(Role.STUDENT, { student_id: one.studentId });
  expect((await students.updateStudent({ ...update(one, "name"), name: "Ida" })).student?.name).toBe("Ida");
  const call = students.updateStudent({ ...update(other, "name"), name: "Ida" });
  expect(await refusalOf(call)).toEqual({ code: "NotFound", reason: "STUDENT_NOT_FOUND", fields: [] });
});

test("a stale etag is refused and changes nothing", async () => {
  const before = await givenStudent(server.admin);
  const stale = server.admin.students.updateStudent({ ...update(before, "name"), name: "Late", etag: "0" });
  expect(await refusalOf(stale)).toEqual({ code: "Aborted", reason: "ETAG_MISMATCH", fields: [] });
  expect(await read(before)).toEqual(before);
});

test("repeating the request_id gives the first answer; the audit log never holds what was personal", async () => {
  const before = await givenStudent(server.admin);
  const request = { ...update(before, "name"), name: "Secret" };
  const first = await server.admin.students.updateStudent(request);
  expect(await server.admin.students.updateStudent(request)).toEqual(first);
  const log = await auditOf(server.db, before.studentId);
  expect(log.slice(1)).toEqual([
    { action: "UpdateStudent", entity: "student", operatorId: null, requestId: request.requestId },
  ]);
  const details = await server.db.anyFirst(
    sql.type(z.object({ detail: z.unknown() }))`select detail from audit_log where entity_id = ${before.studentId}`,
  );
  expect(details).toContainEqual({ version: 2, fields: ["name"] });
  expect(JSON.stringify(details)).not.toContain("Secret");
});

test.each([
  [{ updateMask: { paths: [] } }, "update_mask"],
  [{ updateMask: { paths: ["erase_time"] } }, "update_mask.paths[0]"],
  [{ updateMask: { paths: ["name"] } }, "name"],
  [{ updateMask: { paths: ["name"] }, name: "Ada\u2028" }, "name"],
  [{ updateMask: { paths: ["language"] }, language: "en_US" }, "language"],
  [{ updateMask: { paths: ["location"] } }, "location"],
  [{ updateMask: { paths: ["location"] }, location: { latitude: -91, longitude: 0 } }, "location.latitude"],
  [{ updateMask: { paths: ["time_zone"] }, timeZone: "Europe/Atlantis" }, "time_zone"],
])("%j is refused and changes nothing", async (change, field) => {
  const before = await givenStudent(server.admin);
  const refusal = await refusalOf(server.admin.students.updateStudent({ ...update(before), ...change }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
  expect(await read(before)).toEqual(before);
});
