import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Zone } from "../../gen/cadre/booking/v1/zone_pb.ts";
import { auditOf } from "./testing/audit.ts";
import { type CatalogueServer, givenZone, newZone, startCatalogueServer } from "./testing/catalogue-server.ts";
import { refusalOf } from "./testing/refusal.ts";

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

function update({ zoneId, etag }: Pick<Zone, "zoneId" | "etag">, ...paths: string[]) {
  return { requestId: randomUUIDv7(), zoneId, etag, updateMask: { paths } };
}

const read = async ({ zoneId }: Zone) => (await server.admin.zones.getZone({ zoneId })).zone;

test("an update changes what its mask names, and nothing else that it says", async () => {
  const before = await givenZone(server.admin);
  const centre = { latitude: -17, longitude: 180 };
  const request = { ...update(before, "name", "centre"), name: "Taveuni", centre, radiusMeters: 1, countryCode: "FJ" };
  const { zone } = await server.admin.zones.updateZone(request);
  expect(zone).toEqual({ ...before, name: "Taveuni", centre: zone?.centre, etag: "2" });
  expect(zone?.centre).toMatchObject(centre);
  expect(await read(before)).toEqual(zone);
});

test("every other field can be changed too, and the point that it covers now is found", async () => {
  const centre = { latitude: -44, longitude: -176.5 };
  const before = await givenZone(server.admin, { centre, radiusMeters: 1000 });
  const point = { latitude: -44, longitude: -176 };
  expect((await refusalOf(server.admin.zones.locateZone({ point }))).reason).toBe("NO_ZONE_COVERS_LOCATION");
  const facts = { radiusMeters: 60_000, countryCode: "NZ", regionCode: "NZ-CIT" };
  const { zone } = await server.admin.zones.updateZone({
    ...update(before, "radius_meters", "time_zone", "country_code", "region_code"),
    ...facts,
    timeZone: "pacific/chatham",
  });
  expect(zone).toEqual({ ...before, ...facts, timeZone: "Pacific/Chatham", etag: "2" });
  expect((await server.admin.zones.locateZone({ point })).zone).toEqual(zone);
});

test("a change by somebody who has read another version is refused and changes nothing", async () => {
  const before = await givenZone(server.admin);
  const { zone } = await server.admin.zones.updateZone({ ...update(before, "radius_meters"), radiusMeters: 7 });
  const late = server.admin.zones.updateZone({ ...update(before, "radius_meters"), radiusMeters: 8 });
  expect(await refusalOf(late)).toEqual({ code: "Aborted", reason: "ETAG_MISMATCH", fields: [] });
  expect(await read(before)).toEqual(zone);
});

test("of ten at once that have read the same version, one changes it", async () => {
  const before = await givenZone(server.admin);
  const answers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) =>
      server.admin.zones.updateZone({ ...update(before, "radius_meters"), radiusMeters: index + 1 }),
    ),
  );
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect((await read(before))?.etag).toBe("2");
});

test("a name that another zone of the operator has is refused, and changes nothing", async () => {
  const franchiseId = server.givenFranchise();
  for (const facts of [{}, { franchiseId }]) {
    const taken = await givenZone(server.admin, facts);
    const before = await givenZone(server.admin, facts);
    const call = server.admin.zones.updateZone({ ...update(before, "name"), name: taken.name });
    expect(await refusalOf(call)).toEqual({ code: "AlreadyExists", reason: "ZONE_NAME_TAKEN", fields: [] });
    expect(await read(before)).toEqual(before);
  }
});

test("an operator changes its own zones alone", async () => {
  const franchiseId = server.givenFranchise();
  const own = await givenZone(server.admin, { franchiseId });
  const { zones } = server.operator(franchiseId);
  const { zone } = await zones.updateZone({ ...update(own, "radius_meters"), radiusMeters: 3 });
  expect(zone?.radiusMeters).toBe(3);
  for (const other of [await givenZone(server.admin), { ...own, zoneId: randomUUIDv7() }]) {
    const call = zones.updateZone({ ...update(other, "radius_meters"), radiusMeters: 3 });
    expect(await refusalOf(call)).toEqual({ code: "NotFound", reason: "ZONE_NOT_FOUND", fields: [] });
  }
});

test("repeating the request_id gives the first answer, and changes and audits nothing more", async () => {
  const franchiseId = server.givenFranchise();
  const before = await givenZone(server.admin, { franchiseId });
  const request = { ...update(before, "name"), name: "Renamed" };
  const first = await server.admin.zones.updateZone(request);
  expect(await server.admin.zones.updateZone(request)).toEqual(first);
  expect((await auditOf(server.db, before.zoneId)).slice(1)).toEqual([
    { action: "UpdateZone", entity: "zone", operatorId: franchiseId, requestId: request.requestId },
  ]);
  const other = await refusalOf(server.admin.zones.updateZone({ ...request, name: "Renamed again" }));
  expect(other.reason).toBe("REQUEST_ID_REUSED");
});

test("country and region fit each other after the update, whichever of them it names", async () => {
  const { zone: before } = await server.admin.zones.createZone({ ...newZone(), regionCode: "CZ-10" });
  if (!before) throw new Error("the answer is empty");
  for (const change of [
    { ...update(before, "country_code"), countryCode: "SK" },
    { ...update(before, "region_code"), regionCode: "SK-BL" },
  ]) {
    expect((await refusalOf(server.admin.zones.updateZone(change))).fields).toEqual(["region_code"]);
  }
  expect(await read(before)).toEqual(before);
  const { zone } = await server.admin.zones.updateZone({ ...update(before, "region_code"), regionCode: "" });
  expect(zone?.regionCode).toBe("");
});

test.each([
  [{ updateMask: { paths: [] } }, "update_mask"],
  [{ updateMask: undefined }, "update_mask"],
  [{ updateMask: { paths: ["name", "franchise_id"] }, name: "A" }, "update_mask.paths[1]"],
  [{ updateMask: { paths: ["name"] } }, "name"],
  [{ updateMask: { paths: ["name"] }, name: "\0" }, "name"],
  [{ updateMask: { paths: ["name"] }, name: "Lisbon\u2067" }, "name"],
  [{ updateMask: { paths: ["centre"] } }, "centre"],
  [{ updateMask: { paths: ["centre"] }, centre: { latitude: 91, longitude: 0 } }, "centre.latitude"],
  [{ updateMask: { paths: ["radius_meters"] } }, "radius_meters"],
  [{ updateMask: { paths: ["radius_meters"] }, radiusMeters: 500_001 }, "radius_meters"],
  [{ updateMask: { paths: ["time_zone"] }, timeZone: "Europe/Atlantis" }, "time_zone"],
  [{ updateMask: { paths: ["country_code"] } }, "country_code"],
  [{ updateMask: { paths: ["region_code"] }, regionCode: "10" }, "region_code"],
  [{ updateMask: { paths: ["name"] }, name: "A", etag: "" }, "etag"],
  [{ updateMask: { paths: ["name"] }, name: "A", zoneId: "prague" }, "zone_id"],
])("%j is refused and changes nothing", async (change, field) => {
  const before = await givenZone(server.admin);
  const refusal = await refusalOf(server.admin.zones.updateZone({ ...update(before), ...change }));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
  expect(await read(before)).toEqual(before);
});
