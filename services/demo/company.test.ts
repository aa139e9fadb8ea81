import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import { DEMO_SEED, demoCompany } from "./company.ts";
import { distanceMeters } from "./geo.ts";

const today = Temporal.PlainDate.from("2026-11-22");
const company = demoCompany(DEMO_SEED, today);
const { franchises, courses, zones, trainers, students } = company;

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

test("the company is as big as it says", () => {
  expect(franchises.length).toBeGreaterThanOrEqual(40);
  expect(zones).toHaveLength(400);
  expect(trainers).toHaveLength(2000);
  expect(courses).toHaveLength(12);
  expect(students).toHaveLength(500);
  expect(zones.filter(({ franchise }) => franchise === null).length).toBeGreaterThanOrEqual(30);
});

test("it spans the world", () => {
  expect(new Set(zones.map(({ countryCode }) => countryCode)).size).toBeGreaterThanOrEqual(25);
  expect(new Set(zones.map(({ timeZone }) => timeZone)).size).toBeGreaterThanOrEqual(15);
  expect(zones.some(({ centre }) => centre.latitude < -20)).toBe(true);
  expect(zones.some(({ centre }) => centre.latitude > 50)).toBe(true);
});

test("some of its clocks are half an hour or three quarters off", () => {
  const noon = today.toPlainDateTime("12:00");
  const minutes = zones.map(({ timeZone }) => Math.abs(noon.toZonedDateTime(timeZone).offsetNanoseconds / 60e9) % 60);
  expect(new Set(minutes)).toEqual(new Set([0, 30, 45]));
});

test("every time zone is one that the clock knows", () => {
  const names = new Set([...zones, ...trainers, ...students].map(({ timeZone }) => timeZone));
  for (const name of names) {
    expect(Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId).toBe(name);
    expect(name).toMatch(/^(Africa|America|Asia|Australia|Europe|Pacific)\//);
  }
});

test("every place is on the map", () => {
  const places = [
    ...zones.map(({ centre }) => centre),
    ...trainers.map(({ base }) => base),
    ...students.map(({ location }) => location),
  ];
  for (const { latitude, longitude } of places) {
    expect(Math.abs(latitude)).toBeLessThanOrEqual(90);
    expect(Math.abs(longitude)).toBeLessThanOrEqual(180);
  }
});

test("a zone reaches between five and forty kilometres, and some zones overlap", () => {
  for (const { radiusMeters } of zones) {
    expect(radiusMeters).toBeGreaterThanOrEqual(5_000);
    expect(radiusMeters).toBeLessThanOrEqual(40_000);
  }
  const overlapping = zones.filter((zone) =>
    zones.some(
      (other) => other !== zone && distanceMeters(zone.centre, other.centre) < zone.radiusMeters + other.radiusMeters,
    ),
  );
  expect(overlapping.length).toBeGreaterThan(100);
});

test("a franchise keeps to one country and gives each of its zones a name of its own", () => {
  for (const [franchise, own] of Map.groupBy(zones, (zone) => zone.franchise)) {
    expect(new Set(own.map(({ name }) => name)).size).toBe(own.length);
    if (franchise !== null) expect(new Set(own.map(({ countryCode }) => countryCode)).size).toBe(1);
  }
});

test("regions are given where holidays differ by region", () => {
  const regional = ["AT", "AU", "BR", "CA", "CH", "DE", "ES", "GB", "IN", "NZ", "US"];
  for (const { countryCode, regionCode } of zones) {
    if (regional.includes(countryCode)) expect(regionCode).toMatch(new RegExp(`^${countryCode}-[A-Z0-9]{1,3}$`));
    else expect(regionCode).toBe("");
  }
});

test("every student lives in a zone", () => {
  for (const { location } of students) {
    expect(zones.some(({ centre, radiusMeters }) => distanceMeters(centre, location) <= radiusMeters)).toBe(true);
  }
});

test("most students have many trainers of their zone's operator within reach, several for each course", () => {
  const reaching = students.map(({ location }) => {
    const [zone] = zones
      .map((candidate) => ({ ...candidate, distance: distanceMeters(candidate.centre, location) }))
      .filter(({ distance, radiusMeters }) => distance <= radiusMeters)
      .sort((a, b) => a.distance - b.distance);
    return trainers.filter(
      ({ franchise, base, travelRadiusMeters }) =>
        franchise === zone?.franchise && distanceMeters(base, location) <= travelRadiusMeters,
    );
  });
  expect(reaching.filter((group) => group.length >= 5).length).toBeGreaterThan(490);

  const english = reaching.map(
    (group) =>
      group.filter((trainer) => trainer.qualifications.some(({ course }) => course === "Everyday English")).length,
  );
  expect(english.filter((count) => count >= 2).length).toBeGreaterThan(400);
});

test("most trainers work on weekday afternoons", () => {
  const atFive = trainers.filter(({ workingHours }) =>
    [2, 3, 4].every((day) =>
      workingHours.some(
        ({ dayOfWeek, startTime, endTime }) => dayOfWeek === day && startTime <= "17:00" && endTime >= "18:00",
      ),
    ),
  );
  expect(atFive.length).toBeGreaterThan(1300);
});

test("some qualifications end within the year, some in the middle of a thirty-week course", () => {
  const ends = trainers.flatMap((trainer) => trainer.qualifications.flatMap(({ untilDate }) => untilDate ?? []));
  const inAYear = today.add({ years: 1 }).toString();
  const inThirtyWeeks = today.add({ weeks: 30 }).toString();
  expect(ends.every((date) => date > today.toString())).toBe(true);
  expect(ends.filter((date) => date < inAYear).length).toBeGreaterThan(300);
  expect(ends.filter((date) => date < inThirtyWeeks).length).toBeGreaterThan(100);
});

test("some trainers are away in the coming year, and come back", () => {
  const away = trainers.flatMap((trainer) => trainer.timeOff);
  expect(away.length).toBeGreaterThan(500);
  expect(away.every(({ start, end }) => Temporal.Instant.compare(start, end) < 0)).toBe(true);
});

test("most courses have thirty sessions, some have another number", () => {
  const others = courses.filter(({ sessionCount }) => sessionCount !== undefined);
  expect(others.length).toBeGreaterThanOrEqual(3);
  expect(others.length).toBeLessThanOrEqual(5);
});

test("the same seed gives the same company, another seed another", () => {
  expect(digest(demoCompany(DEMO_SEED, today))).toBe(digest(company));
  expect(digest(demoCompany(DEMO_SEED + 1, today))).not.toBe(digest(company));
});

test("on another day only dates differ", () => {
  const later = demoCompany(DEMO_SEED, today.add({ days: 1 }));
  const undated = (trainer: (typeof trainers)[number]) => ({ ...trainer, qualifications: [], timeOff: [] });
  expect(digest({ ...later, trainers: later.trainers.map(undated) })).toBe(
    digest({ ...company, trainers: trainers.map(undated) }),
  );
});

test("no two requests share an id", () => {
  const ids = [
    ...[...franchises, ...courses, ...zones, ...trainers, ...students].map(({ requestId }) => requestId),
    ...trainers.flatMap((trainer) => [...trainer.qualifications, ...trainer.timeOff].map(({ requestId }) => requestId)),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
