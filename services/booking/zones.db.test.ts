import { randomUUIDv7 } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { COMPANY_OPERATOR_ID } from "./operator.ts";
import { auditOf } from "./testing/audit.ts";
import { type CatalogueServer, givenZone, newZone, startCatalogueServer } from "./testing/catalogue-server.ts";
import { allPages } from "./testing/pages.ts";
import { refusalOf } from "./testing/refusal.ts";

const TAKEN = { code: "AlreadyExists", reason: "ZONE_NAME_TAKEN", fields: [] };

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

test("a zone of the company that was added can be read", async () => {
  const zone = await givenZone(server.admin, { name: "Prague centre" });
  expect(zone).toMatchObject({
    operatorId: COMPANY_OPERATOR_ID,
    name: "Prague centre",
    centre: { latitude: 50.08, longitude: 14.43 },
    radiusMeters: 10_000,
    timeZone: "Europe/Prague",
    countryCode: "CZ",
    regionCode: "",
    etag: "1",
  });
  expect(zone.franchiseId).toBeUndefined();
  for (const role of [Role.ADMIN, Role.SERVICE]) {
    expect((await server.as(role).zones.getZone({ zoneId: zone.zoneId })).zone).toEqual(zone);
  }
});

test("a zone of a franchise is its own operator's, and keeps the usual spelling of its time zone", async () => {
  const franchiseId = server.givenFranchise();
  const request = { ...newZone({ franchiseId }), timeZone: "europe/prague", regionCode: "CZ-10" };
  const { zone } = await server.operator(franchiseId).zones.createZone(request);
  expect(zone).toMatchObject({ franchiseId, operatorId: franchiseId, timeZone: "Europe/Prague", regionCode: "CZ-10" });
});

test("repeating the request_id gives the first answer, and adds and audits nothing", async () => {
  const franchiseId = server.givenFranchise();
  const { zones } = server.operator(franchiseId);
  const request = newZone({ franchiseId });
  const first = await zones.createZone(request);
  expect(await zones.createZone(request)).toEqual(first);
  expect(await auditOf(server.db, first.zone?.zoneId)).toEqual([
    { action: "CreateZone", entity: "zone", operatorId: franchiseId, requestId: request.requestId },
  ]);
  const other = await refusalOf(zones.createZone({ ...request, radiusMeters: 1 }));
  expect(other).toMatchObject({ code: "Aborted", reason: "REQUEST_ID_REUSED" });
});

test("a name is unique among the company's zones", async () => {
  await givenZone(server.admin, { name: "Brno" });
  const request = newZone({ name: "Brno" });
  expect(await refusalOf(server.admin.zones.createZone(request))).toEqual(TAKEN);
  expect(await refusalOf(server.admin.zones.createZone(request))).toEqual(TAKEN);
});

test("a name is unique among a franchise's zones, and free to every other operator", async () => {
  const [one, other] = [server.givenFranchise(), server.givenFranchise()];
  await givenZone(server.admin, { name: "Ostrava", franchiseId: one });
  expect(await refusalOf(server.admin.zones.createZone(newZone({ name: "Ostrava", franchiseId: one })))).toEqual(TAKEN);
  await givenZone(server.admin, { name: "Ostrava", franchiseId: other });
  await givenZone(server.admin, { name: "Ostrava" });
});

test("of ten at once that want one name, one gets it", async () => {
  const calls = Array.from({ length: 10 }, () => server.admin.zones.createZone(newZone({ name: "Plzen" })));
  const answers = await Promise.allSettled(calls);
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === "rejected") expect(await refusalOf(Promise.reject(answer.reason))).toEqual(TAKEN);
  }
});

test("a franchise that does not exist is refused, and the answer stays when it exists later", async () => {
  const franchiseId = randomUUIDv7();
  const request = newZone({ franchiseId });
  const missing = { code: "NotFound", reason: "FRANCHISE_NOT_FOUND", fields: [] };
  expect(await refusalOf(server.admin.zones.createZone(request))).toEqual(missing);
  server.directory.franchiseIds.add(franchiseId);
  expect(await refusalOf(server.admin.zones.createZone(request))).toEqual(missing);
  await givenZone(server.admin, { franchiseId });
});

test("the company's id is not a franchise", async () => {
  const request = newZone({ franchiseId: COMPANY_OPERATOR_ID });
  expect((await refusalOf(server.admin.zones.createZone(request))).reason).toBe("FRANCHISE_NOT_FOUND");
});

test("while the directory does not answer nothing is decided; what was answered before stays answered", async () => {
  const franchiseId = server.givenFranchise();
  const answered = newZone({ franchiseId });
  const first = await server.admin.zones.createZone(answered);
  const request = newZone({ franchiseId });
  for (const failure of [Code.Unavailable, Code.ResourceExhausted, Code.DeadlineExceeded]) {
    server.directory.failure = failure;
    const outage = { code: "Unavailable", reason: "TRAINER_DIRECTORY_UNAVAILABLE", fields: [] };
    expect(await refusalOf(server.admin.zones.createZone(request))).toEqual(outage);
    expect(await server.admin.zones.createZone(answered)).toEqual(first);
  }
  server.directory.failure = null;
  expect((await server.admin.zones.createZone(request)).zone?.name).toBe(request.name);
});

test("a directory that is gone is an outage", async () => {
  const alone = await startCatalogueServer();
  const request = newZone({ franchiseId: alone.givenFranchise() });
  await alone.stopDirectory();
  const refusal = await refusalOf(alone.admin.zones.createZone(request));
  await alone.close();
  expect(refusal).toEqual({ code: "Unavailable", reason: "TRAINER_DIRECTORY_UNAVAILABLE", fields: [] });
});

test("a zone of the company does not ask the directory", async () => {
  const before = server.directory.calls;
  await givenZone(server.admin);
  expect(server.directory.calls).toBe(before);
});

test.each([
  [{ name: "" }, "name"],
  [{ name: "Pra\0ha" }, "name"],
  [{ centre: { latitude: 90.1, longitude: 0 } }, "centre.latitude"],
  [{ centre: { latitude: 0, longitude: -180.1 } }, "centre.longitude"],
  [{ centre: { latitude: Number.NaN, longitude: 0 } }, "centre.latitude"],
  [{ centre: undefined }, "centre"],
  [{ radiusMeters: 0 }, "radius_meters"],
  [{ radiusMeters: 500_001 }, "radius_meters"],
  [{ timeZone: "Europe/Atlantis" }, "time_zone"],
  [{ timeZone: "+02:00" }, "time_zone"],
  [{ countryCode: "cz" }, "country_code"],
  [{ regionCode: "10" }, "region_code"],
  [{ regionCode: "DE-BY" }, "region_code"],
  [{ franchiseId: "berlin" }, "franchise_id"],
  [{ requestId: "1" }, "request_id"],
])("%j is refused", async (change, field) => {
  const refusal = await refusalOf(server.admin.zones.createZone({ ...newZone(), ...change }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
});

test("every bad field is named at once", async () => {
  const request = { ...newZone({ name: "\0" }), timeZone: "Europe/Atlantis", regionCode: "DE-BY" };
  const { fields } = await refusalOf(server.admin.zones.createZone(request));
  expect(fields).toEqual(["name", "time_zone", "region_code"]);
});

test("an operator adds zones for itself alone", async () => {
  const [own, other] = [server.givenFranchise(), server.givenFranchise()];
  const { zones } = server.operator(own);
  const mismatch = { code: "PermissionDenied", reason: "OPERATOR_MISMATCH", fields: [] };
  expect(await refusalOf(zones.createZone(newZone({ franchiseId: other })))).toEqual(mismatch);
  expect(await refusalOf(zones.createZone(newZone()))).toEqual(mismatch);
  const company = server.operator(COMPANY_OPERATOR_ID);
  expect((await company.zones.createZone(newZone())).zone?.operatorId).toBe(COMPANY_OPERATOR_ID);
});

test("an operator reads and lists its own zones, and no other's", async () => {
  const [own, other] = [server.givenFranchise(), server.givenFranchise()];
  const mine = await givenZone(server.admin, { franchiseId: own });
  const theirs = await givenZone(server.admin, { franchiseId: other });
  const { zones } = server.operator(own);
  expect((await zones.getZone({ zoneId: mine.zoneId.toUpperCase() })).zone).toEqual(mine);
  expect((await refusalOf(zones.getZone({ zoneId: theirs.zoneId }))).reason).toBe("ZONE_NOT_FOUND");
  expect((await zones.listZones({})).zones).toEqual([mine]);
  expect((await zones.listZones({ operatorId: own })).zones).toEqual([mine]);
  expect((await refusalOf(zones.listZones({ operatorId: other }))).reason).toBe("OPERATOR_MISMATCH");
  expect((await server.admin.zones.listZones({ operatorId: other })).zones).toEqual([theirs]);
});

test("trainers and students read any zone; a token without its claim reads none", async () => {
  const zone = await givenZone(server.admin);
  const { zoneId } = zone;
  const trainer = server.as(Role.TRAINER, { trainer_id: randomUUIDv7() });
  const student = server.as(Role.STUDENT, { student_id: randomUUIDv7() });
  expect((await trainer.zones.getZone({ zoneId })).zone).toEqual(zone);
  expect((await student.zones.getZone({ zoneId })).zone).toEqual(zone);
  expect((await refusalOf(student.zones.listZones({}))).code).toBe("PermissionDenied");
  expect((await refusalOf(student.zones.createZone(newZone()))).code).toBe("PermissionDenied");
  const nobody = server.as(Role.OPERATOR);
  expect((await refusalOf(nobody.zones.getZone({ zoneId }))).reason).toBe("ZONE_NOT_FOUND");
  expect((await nobody.zones.listZones({})).zones).toEqual([]);
});

test("a zone that does not exist is not found", async () => {
  const refusal = await refusalOf(server.admin.zones.getZone({ zoneId: randomUUIDv7() }));
  expect(refusal).toEqual({ code: "NotFound", reason: "ZONE_NOT_FOUND", fields: [] });
});

test("pages of zones, by id, leave out nothing and repeat nothing", async () => {
  const franchiseId = server.givenFranchise();
  const made = await Promise.all(Array.from({ length: 5 }, () => givenZone(server.admin, { franchiseId })));
  const { zones } = server.operator(franchiseId);
  const paged = await allPages(async (pageToken) => {
    const page = await zones.listZones({ pageSize: 2, pageToken });
    return { items: page.zones, nextPageToken: page.nextPageToken };
  });
  expect(paged.map(({ zoneId }) => zoneId)).toEqual(made.map(({ zoneId }) => zoneId).sort());
  const refusal = await refusalOf(zones.listZones({ pageToken: "page two" }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: ["page_token"] });
});
