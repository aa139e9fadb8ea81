import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Role } from "../../gen/cadre/policy/v1/policy_pb.ts";
import { type CatalogueServer, givenZone, startCatalogueServer } from "./testing/catalogue-server.ts";
import { refusalOf } from "./testing/refusal.ts";
import { travel } from "./testing/sphere.ts";

const UNCOVERED = { code: "FailedPrecondition", reason: "NO_ZONE_COVERS_LOCATION", fields: [] };

let server: CatalogueServer;

beforeAll(async () => {
  server = await startCatalogueServer();
});

afterAll(() => server?.close());

async function located(latitude: number, longitude: number): Promise<string | undefined> {
  const { zone } = await server.admin.zones.locateZone({ point: { latitude, longitude } });
  return zone?.name;
}

test("a point on the radius is inside, a millimetre further is outside", async () => {
  const centre = { latitude: 0, longitude: 20 };
  const zone = await givenZone(server.admin, { name: "equator", centre, radiusMeters: 1000 });
  for (const bearing of [0, 45, 90, 135, 180, 225, 270, 315]) {
    const answer = await server.admin.zones.locateZone({ point: travel(centre, bearing, 1000) });
    expect(answer).toMatchObject({ zone, distanceMeters: 1000 });
    const beyond = travel(centre, bearing, 1000.001);
    expect(await refusalOf(server.admin.zones.locateZone({ point: beyond }))).toEqual(UNCOVERED);
  }
});

test.each([
  ["from the east", -17, 179.95],
  ["from the west", -17, -179.95],
])("a zone whose centre is next to the antimeridian reaches over it, %s", async (name, latitude, longitude) => {
  const south = latitude - (longitude > 0 ? 0 : 10);
  await givenZone(server.admin, { name, centre: { latitude: south, longitude }, radiusMeters: 20_000 });
  expect(await located(south, -longitude)).toBe(name);
  expect(await located(south, 180)).toBe(name);
  expect(await located(south, -180)).toBe(name);
  expect(await refusalOf(located(south, longitude > 0 ? -179.8 : 179.8))).toEqual(UNCOVERED);
});

test.each([
  ["north pole, from a kilometre away", 89.991, 100, 89.995],
  ["south pole, from the pole itself", -90, 0, -89.99],
])("a zone over a pole covers every longitude: %s", async (name, latitude, longitude, nearby) => {
  await givenZone(server.admin, { name, centre: { latitude, longitude }, radiusMeters: 3000 });
  for (const anywhere of [-180, -99.5, -80, 0, 80, 99.5, 180]) expect(await located(nearby, anywhere)).toBe(name);
  expect(await located(Math.sign(latitude) * 90, -33)).toBe(name);
  expect(await refusalOf(located(Math.sign(latitude) * 89, longitude))).toEqual(UNCOVERED);
});

test("of overlapping zones the one whose centre is nearest wins, however small the other", async () => {
  await givenZone(server.admin, { name: "wide", centre: { latitude: 40, longitude: 0 }, radiusMeters: 50_000 });
  await givenZone(server.admin, { name: "narrow", centre: { latitude: 40.2, longitude: 0 }, radiusMeters: 20_000 });
  expect(await located(40.09, 0)).toBe("wide");
  expect(await located(40.11, 0)).toBe("narrow");
  expect(await located(39.8, 0)).toBe("wide");
});

test("of two that are equally near the one with the smaller radius wins, then the one with the smaller id", async () => {
  const centre = { latitude: 30, longitude: 0 };
  await givenZone(server.admin, { name: "large", centre, radiusMeters: 9000 });
  const twins = [
    await givenZone(server.admin, { name: "twin one", centre, radiusMeters: 8000 }),
    await givenZone(server.admin, { name: "twin two", centre, radiusMeters: 8000 }),
  ].toSorted((one, other) => (one.zoneId < other.zoneId ? -1 : 1));
  expect(await located(30.01, 0)).toBe(twins[0]?.name);
  expect(await located(30.077, 0)).toBe("large");
});

test("a place that no zone covers is refused", async () => {
  expect(await refusalOf(located(-60, -100))).toEqual(UNCOVERED);
});

test("an operator is told of its own zone, not of another's", async () => {
  const [own, other] = [server.givenFranchise(), server.givenFranchise()];
  const [point, overlap] = [
    { latitude: 10, longitude: 10 },
    { latitude: 10.05, longitude: 10 },
  ];
  await givenZone(server.admin, { name: "own", franchiseId: own, centre: point });
  await givenZone(server.admin, { name: "other", franchiseId: other, centre: overlap });
  expect((await server.operator(own).zones.locateZone({ point })).zone?.name).toBe("own");
  expect(await refusalOf(server.operator(other).zones.locateZone({ point }))).toEqual(UNCOVERED);
  expect(await refusalOf(server.operator(own).zones.locateZone({ point: overlap }))).toEqual(UNCOVERED);
});

test("trainers, students and services are told of any zone", async () => {
  const point = { latitude: 20, longitude: 20 };
  await givenZone(server.admin, { name: "tropic", centre: point });
  for (const caller of [
    server.as(Role.SERVICE),
    server.as(Role.TRAINER, { trainer_id: randomUUIDv7() }),
    server.as(Role.STUDENT, { student_id: randomUUIDv7() }),
  ]) {
    expect((await caller.zones.locateZone({ point })).zone?.name).toBe("tropic");
  }
});

test.each([
  [{ latitude: 91, longitude: 0 }, "point.latitude"],
  [{ latitude: 0, longitude: 180.01 }, "point.longitude"],
  [{ latitude: 0, longitude: Number.POSITIVE_INFINITY }, "point.longitude"],
  [undefined, "point"],
])("a place at %j is refused", async (point, field) => {
  const refusal = await refusalOf(server.admin.zones.locateZone(point ? { point } : {}));
  expect(refusal).toEqual({ code: "InvalidArgument", reason: "INVALID_FIELD", fields: [field] });
});
